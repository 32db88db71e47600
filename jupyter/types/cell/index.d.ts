/**
 * Asks the reader for a line of text, and waits for it.
 *
 * @returns the line; `defaultValue` if it is empty; `null` at the end of input (Ctrl-D, where a front end has it).
 * @throws `NoInput` where the front end lets nobody be asked.
 */
declare function prompt(message?: string, defaultValue?: string): string | null;
