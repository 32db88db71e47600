import { NamedError } from "../../errors.js";

/** The program asked its host for something that a real process does not have here. */
export class NotInAProcess extends NamedError {}

/** @internal */
export function notHere(what: string): never {
  throw new NotInAProcess(`a program in a real process has no ${what}`);
}
