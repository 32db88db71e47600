import type { EventId } from "../../simulation/index.js";
import type { DatagramFrame, Frame } from "../network/frame.js";

/**
 * What a world must supply under the core: a clock with timers, byte pipes, processors, stores. All meaning (processes,
 * waits, ownership, framing, credit, faults, trace) stands in the core, once; a driver decides nothing.
 */
export interface Driver {
  readonly world: "virtual" | "live";
  /** Scenario time. */
  now(): number;
  /** Calls back at that time or, if it has passed, as soon as can be; equal times in the order of the calls. */
  at<T>(timeMs: number, callback: (argument: T) => void, argument: T): EventId;
  cancel(id: EventId): void;
  processor(host: string, cores: number): Processor;
  store(host: string): Store;
  /** Opens what a listener needs below it, then calls back. */
  openPort(host: string, port: number, opened: () => void, failed: (error: Error) => void): void;
  closePort(host: string, port: number): void;
  /** Opens a pipe to a listening port for the two ends of one connection, then calls back. */
  openPipe(
    host: string,
    port: number,
    opened: (client: Pipe, server: Pipe) => void,
    failed: (error: Error) => void,
  ): void;
  /** Opens what a datagram port needs below it, then calls back. */
  openDatagrams(host: string, port: number, opened: (pipe: DatagramPipe) => void, failed: (error: Error) => void): void;
}

/** One end of a pipe: frames come out at the other end in order, each told to its path (`arrive`) not before its `firstByteMs`. */
export interface Pipe {
  write(frame: Frame): void;
  /** Nothing more is written at this end or wanted from the other. Frames already written still arrive. */
  close(): void;
}

/** What a datagram port sends by: each frame comes out for itself at its time (`path.arrive`), or is told to its receiver as `lost`, by the system. */
export interface DatagramPipe {
  write(frame: DatagramFrame): void;
  /** Nothing more is written here, and nothing that is under way to here need pass the system. */
  close(): void;
}

/** CPU work in progress. */
export interface ProcessorJob {
  readonly workMs: number;
  readonly priority: number;
  done(): void;
}

/** The cores of one machine: jobs of the highest priority share them equally. */
export interface Processor {
  /** Jobs that are not done. */
  readonly runnable: number;
  add(job: ProcessorJob): void;
  remove(job: ProcessorJob): void;
  pause(): void;
  resume(): void;
}

/** Where a machine's disk keeps its bytes. Each call ends with exactly one callback. */
export interface Store {
  read(name: string, done: (bytes: Uint8Array | undefined) => void, failed: (error: Error) => void): void;
  /** Writes the whole value, or (`undefined`) removes it. */
  write(name: string, bytes: Uint8Array | undefined, done: () => void, failed: (error: Error) => void): void;
}
