/** A shipped file of `notebooks/` (the notebook or its text) that somebody changed or removed. */
export interface Edited {
  readonly name: string;
  readonly state: "edited" | "missing";
}
export function editedNotebooks(): Edited[];
export function keepCopies(): void;
export function shipped(): { source: "git" | "copy"; names(): string[]; read(name: string): Buffer };
export function signShipped(): Promise<string>;
