export interface FoundPython {
  readonly command: string;
  readonly version: string;
}
export function findPython(environment?: NodeJS.ProcessEnv, otherFolders?: readonly string[]): FoundPython;
