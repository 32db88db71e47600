export const npmFlags: readonly string[];
export function toolEnvironment(from?: NodeJS.ProcessEnv): Record<string, string>;
export function pipEnvironment(environment: NodeJS.ProcessEnv, settings: Readonly<Record<string, string>>): Record<string, string>;
export const pipSettings: string;
