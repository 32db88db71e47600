import { NamedError } from "../errors.js";

export { Interrupted } from "../errors.js";

/** What can go wrong inside a program, and what stops a run. Programs catch the first group; the second rejects the run. */

/** Nobody listens on that port: the machine answered at once. */
export class ConnectionRefused extends NamedError {}

/** The other side is gone: its process died, it reset the connection, or its machine restarted and knows it no more. */
export class ConnectionReset extends NamedError {}

/** Nothing came in time: from `receive` or `take` with `timeoutMs`, from `connect`, or because keepalive gave up. */
export class TimedOut extends NamedError {}

/** The port is open already on that host, for connections or for datagrams. */
export class AddressInUse extends NamedError {}

/** The value can't travel: it can't be encoded, is `undefined`, or is larger than 16 MiB (8 KiB in a datagram) when encoded. */
export class MessageError extends NamedError {}

/** A connection, a listener or a datagram port was used after the program itself had ended or closed it. */
export class Closed extends NamedError {}

/** What pending waits reject with when their process is cancelled. */
export class Cancelled extends NamedError {}

/** What `run.results.x` throws when program x did not return; `cause` is the error that it threw, if it did. */
export class ProgramError extends NamedError {}

/** Nothing can happen any more, yet programs wait. The message lists who waits on what, and since when. */
export class Deadlock extends NamedError {}

/** Programs go on for ever without a moment passing: a loop whose waits take no time. */
export class Livelock extends NamedError {}

/** A program in virtual time waits on, or asks, something outside its host: a real timer, the real clock, the network. */
export class ForeignWait extends NamedError {}
