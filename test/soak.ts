/** True in `npm run soak`, where randomised tests do all of their work. */
export const soaking: boolean = process.env.SOAK === "1";

/** True in `npm run test:quick`, which plays in virtual time only and tries few random inputs. */
export const hurried: boolean = process.env.QUICK === "1";

/**
 * How much of a long test to do now: all of it in `npm run soak`, a fiftieth in `npm test`, a five-hundredth in a hurry.
 *
 * @param full the number of scenarios, inputs or runs of the whole test
 */
export const soaked = (full: number): number => (soaking ? full : Math.max(1, Math.ceil(full / (hurried ? 500 : 50))));
