export const root: string;
export function inRoot(...parts: string[]): string;
export const buildArguments: readonly string[];
export const venv: string;
export const python: string;
export const state: string;
export const runtimeFolder: string;
export const pagesFolder: string;
export function jupyterEnvironment(from?: NodeJS.ProcessEnv): Record<string, string>;
