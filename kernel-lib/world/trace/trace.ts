/** What every row of a trace tells. */
export interface RowBase {
  /** Scenario time. Rows are in time order. */
  readonly timeMs: number;
  /** The machine. */
  readonly host: string;
  /** The program's name: `echo`, or `many[1]` in a list; of a child, the name that it was spawned with. */
  readonly process: string;
  /** The process's number. */
  readonly pid: number;
  /** The thread's name; that of the process for its first thread. */
  readonly thread: string;
}

/** A process (or thread: `as`) starts. `parent` is the pid of the process that spawned it, 0 for programs of the scenario. */
export interface StartRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "start";
  /** Whether it is the first thread of a process, or one more. */
  readonly as: "thread" | "process";
  /** The pid of the process that spawned it. */
  readonly parent: number;
}
/** A process or thread ends. */
export interface ExitRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "exit";
  /** Whether it is the first thread of a process, or one more. */
  readonly as: "thread" | "process";
  /** How it ended. */
  readonly how: "returned" | "threw" | "killed";
  /** The error's name and message, if it threw. */
  readonly error?: string;
  /**
   * Operations that it had begun and that still waited when it returned: `sleep, since t=0.000`. It forgot to await them, or they
   * lost a race; nothing comes of them any more.
   */
  readonly pending?: string;
}
/** A thread begins to wait; `on` says on what. */
export interface WaitRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "wait";
  /** What it waits on, in words: `receive on client#1>server:7 from client`. */
  readonly on: string;
}
/** A thread goes on; `on` says what it waited on. */
export interface WakeRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "wake";
  /** What it waits on, in words: `receive on client#1>server:7 from client`. */
  readonly on: string;
}
/** A message is sent, or taken by `receive`. A message's two rows share `connection`, `direction` and `sequence`. */
export interface MessageRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "send" | "receive";
  /** The connection's id. */
  readonly connection: string;
  /** `out`: from the side that connected to the side that accepted; `in`: back. */
  readonly direction: "out" | "in";
  /** Counts the messages of that direction from 1. */
  readonly sequence: number;
  /** The frame's size: five bytes of header and the encoded value. */
  readonly bytes: number;
  /** The machine at the other end. */
  readonly peer: string;
  /** The message in short. */
  readonly message: string;
  /** In rows of kind `receive`: when it had come in, whole; between then and `timeMs` it waited to be taken. */
  readonly arrivedMs?: number;
}
/** CPU time (`compute`) or an access to the disk (`disk`) from `timeMs` to `endMs`; the row is written at its start. */
export interface WorkRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "compute" | "disk";
  /** What was asked for: CPU time, or time on the disk without the wait for it. */
  readonly workMs: number;
  /** When it ended; `undefined` while it goes on, and for ever if it never did. */
  endMs: number | undefined;
  /** For CPU time: higher runs first. */
  readonly priority?: number;
  /** For disks: `read`, `write`, `remove` or `list`, and the name. */
  readonly access?: string;
}
/** An urgent byte leaves (`sent: true`) or is handed to the program. */
export interface UrgentRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "urgent";
  /** The connection's id. */
  readonly connection: string;
  /** As in {@link MessageRow}. */
  readonly direction: "out" | "in";
  /** Counts the urgent bytes of that direction from 1. */
  readonly sequence: number;
  /** Whether it leaves here, or is handed over here. */
  readonly sent: boolean;
  /** From 0 to 255. */
  readonly byte: number;
  /** The machine at the other end. */
  readonly peer: string;
}
/** Why a datagram was lost: by the network's chance, at a full inbox, where no port was open, at a cut, at a machine that was down, or by the system (live). */
export type LossReason = "loss" | "inbox" | "closed port" | "cut" | "down" | "system";

/**
 * A datagram is sent, taken by `receive`, or lost. Its rows share `from`, `to` and `sequence`; the row of one that is lost is its sender's, as the row of
 * its sending is.
 */
export interface DatagramRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "datagram";
  /** What happened. */
  readonly what: "sent" | "received" | "lost";
  /** The host and port that it comes from: `client:49152`. */
  readonly from: string;
  /** The host and port that it goes to. */
  readonly to: string;
  /** Counts the datagrams from the one host to the other, from 1. */
  readonly sequence: number;
  /** 2 if it is the duplicate that the network made; else 1. */
  readonly copy: 1 | 2;
  /** Its size: eight bytes of header and the encoded value. */
  readonly bytes: number;
  /** The machine at the other end. */
  readonly peer: string;
  /** The message in short. */
  readonly message: string;
  /** Of one received: when it had come in, whole; between then and `timeMs` it waited to be taken. */
  readonly arrivedMs?: number;
  /** Of one lost: why. */
  readonly reason?: LossReason;
}
/** A fault strikes. `process`, `pid` and `thread` are those of the victim of a kill; else empty and 0. */
export interface FaultRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "fault";
  /** What struck, in words: `crash`, `cut a–b`. */
  readonly fault: string;
}
/** A program wrote it, with `host.log`. */
export interface LogRow extends RowBase {
  /** Tells the rows apart. */
  readonly kind: "log";
  /** What the program called it. */
  readonly event: string;
  /** What the program wrote with it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** One thing that happened in a run. */
export type TraceRow =
  | StartRow
  | ExitRow
  | WaitRow
  | WakeRow
  | MessageRow
  | WorkRow
  | UrgentRow
  | DatagramRow
  | FaultRow
  | LogRow;

/** The kinds of rows. */
export type TraceKind = TraceRow["kind"];

/** Every kind, in the order in which the documentation lists them. */
export const traceKinds: readonly TraceKind[] = [
  "start",
  "exit",
  "wait",
  "wake",
  "send",
  "receive",
  "compute",
  "urgent",
  "disk",
  "fault",
  "log",
  "datagram",
];

/** What to keep: everything, nothing, or rows of these kinds. */
export type TraceLevel = "all" | "none" | readonly TraceKind[];
