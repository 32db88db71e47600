import { NamedError } from "../../errors.js";

/** Where a service is reached. */
export interface Address {
  /** The machine. */
  readonly host: string;
  /** The port there. */
  readonly port: number;
}

/**
 * A call as it travels. A call that is sent again carries the same `client` and `number`: that is how a server can know it.
 */
export interface RemoteCall {
  /** Who calls: a stub's own name, unique in a run. */
  readonly client: string;
  /** The number of the call among those of this client, from 1. */
  readonly number: number;
  /** All calls of this client up to this number have been answered or given up: nobody waits for a reply to them any more. */
  readonly settled?: number;
  /** The program's number. */
  readonly program: number;
  /** The interface's version. */
  readonly version: number;
  /** The method's number. */
  readonly procedure: number;
  /** The arguments: values, or their bytes in XDR. */
  readonly args: readonly unknown[] | Uint8Array;
}

/** What comes back. */
export type RemoteReply =
  | {
      /** The method returned. */
      readonly how: "returned";
      /** Its result: a value, or its bytes in XDR. Left out for a method that returns nothing. */
      readonly result?: unknown;
      /** Where it was executed, if the call was passed on from where it was sent. */
      readonly at?: Address;
    }
  | {
      /** The method threw. Of an error, this is what travels. */
      readonly how: "threw";
      /** The error's name. */
      readonly name: string;
      /** The error's message. */
      readonly message: string;
    }
  | {
      /** Nothing ran: the server has no such program, version or method, or the arguments are none of its types. */
      readonly how: "refused";
      /** Which of these, in the words of RFC 5531. */
      readonly status: "PROG_UNAVAIL" | "PROG_MISMATCH" | "PROC_UNAVAIL" | "GARBAGE_ARGS";
      /** For `PROG_MISMATCH`: the version that is here. */
      readonly version?: number;
      /** Why, in words. */
      readonly why: string;
    }
  | {
      /** Nothing ran: the service is not here, or not any more. */
      readonly how: "moved";
      /** Where it went, if that is known. */
      readonly to?: Address;
    };

/**
 * What a stub hands its calls to: the client's middleware. A layer of it takes a channel and gives one that does more: tries again,
 * looks for the service, asks several.
 *
 * @throws what connections throw ({@link ConnectionRefused}, {@link ConnectionReset}, {@link TimedOut}): then nobody knows whether
 *   the call was executed.
 */
export type Channel = (call: RemoteCall) => Promise<RemoteReply>;

/** What a server does with a call: never throws. */
export type CallHandler = (call: RemoteCall) => Promise<RemoteReply>;

/** The method threw at the server. Its class stays there: only its name and its message travel. */
export class RemoteError extends NamedError {
  /** The name of what was thrown. */
  readonly remoteName: string;

  /** @internal */
  constructor(remoteName: string, message: string) {
    super(message);
    this.remoteName = remoteName;
  }
}

/** The server answered that nothing was executed; the message says why. */
export class CallRefused extends NamedError {}
