import type { DatagramAddress } from "../host.js";
import type { TracedThread } from "../trace/recorder.js";
import type { LossReason } from "../trace/trace.js";
import type { Encoded } from "../values.js";

/** What travels between the two ends of a connection. All but `data`, `bytes` and `urgent` are the transport's own and weigh nothing. */
export type FrameType = "data" | "bytes" | "urgent" | "credit" | "end" | "reset" | "probe" | "alive";

/** The bytes in front of each message: its length (4) and its type (1). */
export const headerBytes = 5;

/** Who gets frames. */
export type Receiver = OrderedReceiver | LooseReceiver;

/** Gets them in the order of sending, and none is lost: a connection's end. The first three are the path's own, which alone changes them. */
export interface OrderedReceiver {
  readonly keepsOrder: true;
  /** When the last frame for it has come in: frames never pass each other. */
  inDoneMs: number;
  /** Frames that have come and wait for their time. */
  framesDue: number;
  /** Frames that reached a cut, in order; they go on when it heals. */
  readonly stalled: Frame[];
  readonly machine: { readonly isPaused: boolean; whenRunning(action: () => void): void };
  /** A frame has come in, whole. */
  deliver(frame: Frame): void;
}

/** Gets each for itself, late, twice or never: the datagram ports of a machine. It holds back by itself what comes while its machine is paused. */
export interface LooseReceiver {
  readonly keepsOrder: false;
  deliver(frame: Frame): void;
  /** It did not get through. */
  lost(frame: Frame, reason: LossReason): void;
}

/** A frame under way. */
export interface Frame {
  readonly to: Receiver;
  /** The path that it takes. A driver tells it when the first byte is at the other side. */
  readonly path: { arrive(frame: Frame): void };
  readonly type: FrameType;
  /** The encoded message of a `data` frame, the bytes of a `bytes` frame; empty for others. */
  readonly payload: Encoded;
  /** What the trace says of the message. */
  readonly note: number;
  /** An urgent byte, or the bytes that a credit gives back. */
  readonly value: number;
  /** What the frame occupies on the network. */
  readonly bytes: number;
  /** When its first byte reaches the other machine. */
  readonly firstByteMs: number;
  /** When its last byte does, if the interface there is idle. */
  readonly lastByteMs: number;
  /** When it had come in, whole; set when it has. */
  arrivedMs: number;
}

/** A frame that goes alone. */
export interface DatagramFrame extends Frame {
  readonly to: LooseReceiver;
  readonly type: "data" | "bytes";
  readonly from: DatagramAddress;
  readonly toHost: string;
  readonly toPort: number;
  /** Counts the datagrams from the one machine to the other. */
  readonly sequence: number;
  readonly copy: 1 | 2;
  /** How much longer than the latency it takes. */
  readonly delayMs: number;
  /** Who sent it. */
  readonly thread: TracedThread;
  /** Set when it leaves. */
  firstByteMs: number;
  lastByteMs: number;
}
