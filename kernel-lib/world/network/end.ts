import type { RunningProcess } from "../core/process.js";
import type { Services } from "../core/services.js";
import type { WaitTarget } from "../core/wait.js";
import type { Encoded } from "../values.js";
import { whole } from "../values.js";
import type { FrameType } from "./frame.js";

/** What a frame carries that carries nothing. */
export const nothing: Encoded = whole(new Uint8Array(0));

/** A connection's end, as far as its parts know it: what is to be sent, what has come, urgent bytes, keepalive. */
export interface End extends WaitTarget {
  readonly core: Services;
  readonly id: string;
  readonly peer: string;
  /** Whether it is the accepting side: what it sends goes "in", against the direction of the connection. */
  readonly isIn: boolean;
  /** Its number in the trace. */
  traceNumber: number;
  readonly owner: RunningProcess;
  readonly peerHasEnded: boolean;
  /** Puts a frame on the wire, unless there is none. */
  transmit(type: FrameType, payload: Encoded, value: number, bytes: number, note?: number): void;
  /** Why nothing can be received any more. */
  refusal(where: string): Error | undefined;
  /** The process at the other end, for errors that come of its fate. */
  readonly peerOwner: RunningProcess | undefined;
}
