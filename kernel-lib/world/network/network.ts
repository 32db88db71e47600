import type { Encoded } from "../core/values.js";
import type { NetworkSpec, Scenario } from "../scenario.js";
import type { Endpoint } from "./connection.js";

/** What travels between the two ends of a connection. All but `data`, `bytes` and `urgent` are the transport's own and weigh nothing. */
export type FrameType = "data" | "bytes" | "urgent" | "credit" | "end" | "reset" | "probe" | "alive";

/** The bytes in front of each message: its length (4) and its type (1). */
export const headerBytes = 5;

/** A frame under way. */
export interface Frame {
  readonly to: Endpoint;
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

/** A machine's network interface: one way out, one way in, each first in first out. */
export interface NetworkInterface {
  outFreeMs: number;
  inFreeMs: number;
}

/** The way from one machine to another. */
export interface Path {
  readonly latencyMs: number;
  /** What a byte takes at the sender's interface, and at the receiver's. */
  readonly outMsPerByte: number;
  readonly inMsPerByte: number;
  readonly from: NetworkInterface;
  readonly to: NetworkInterface;
  isCut: boolean;
  /** Ends that hold frames because of a cut. */
  readonly stalled: Set<Endpoint>;
  /** Answers to SYNs that a cut holds. */
  readonly stalledAnswers: (() => void)[];
}

/**
 * Latency, bandwidth and cuts. A frame occupies the sender's interface, then travels, then occupies the receiver's, which
 * starts with the frame's first byte and ends after its last: alone on its way, n bytes take `latencyMs + n / bytesPerS` of the
 * slower of the two. So a fast server can serve several slow clients at once.
 */
export class Network {
  readonly #interfaces = new Map<string, NetworkInterface>();
  readonly #paths = new Map<string, Map<string, Path>>();
  readonly #spec: NetworkSpec;
  readonly #scenario: Scenario;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#spec = scenario.network;
  }

  path(from: string, to: string): Path {
    let paths = this.#paths.get(from);
    if (!paths) {
      paths = new Map();
      this.#paths.set(from, paths);
    }
    let path = paths.get(to);
    if (!path) {
      path = this.#makePath(from, to);
      paths.set(to, path);
    }
    return path;
  }

  #makePath(from: string, to: string): Path {
    const ends = {
      from: this.#interface(from),
      to: this.#interface(to),
      isCut: false,
      stalled: new Set<Endpoint>(),
      stalledAnswers: [],
    };
    if (from === to) return { latencyMs: 0, outMsPerByte: 0, inMsPerByte: 0, ...ends };
    const link = this.#spec.links?.findLast(
      ({ between: [a, b] }) => (a === from && b === to) || (a === to && b === from),
    );
    const hosts: Readonly<Record<string, { readonly bytesPerS?: number }>> = this.#scenario.hosts;
    const msPerByte = (host: string): number =>
      1000 / (link?.bytesPerS ?? hosts[host]?.bytesPerS ?? this.#spec.bytesPerS ?? Infinity);
    return {
      latencyMs: link?.latencyMs ?? this.#spec.latencyMs ?? 0,
      outMsPerByte: msPerByte(from),
      inMsPerByte: msPerByte(to),
      ...ends,
    };
  }

  #interface(host: string): NetworkInterface {
    let found = this.#interfaces.get(host);
    if (!found) {
      found = { outFreeMs: 0, inFreeMs: 0 };
      this.#interfaces.set(host, found);
    }
    return found;
  }
}
