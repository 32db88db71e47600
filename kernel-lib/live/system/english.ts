/**
 * The environment for a program whose output is read: in another locale `date` says "segunda", and `ps` orders a date otherwise.
 *
 * @internal
 */
export const inEnglish = (): NodeJS.ProcessEnv => ({ ...process.env, LC_ALL: "C" });
