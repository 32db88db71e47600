/** A failure whose message is the one line that the reader sees: what is wrong and what to do. */
export class SetupFailure extends Error {
  name = "SetupFailure";
}
