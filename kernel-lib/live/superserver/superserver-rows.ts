/** What happened at a superserver. */
export interface SuperserverRow {
  /** Since the superserver's start. */
  readonly atMs: number;
  /**
   * - `listening`, `closed`: a service's socket is open or no more;
   * - `not listening`: it can't be opened; tried again when a suspended service is;
   * - `bad line`: of the configuration; it offers nothing; `remark`: a part of a line is not kept, and the service is offered;
   * - `started`, `ended`: a process for a service; `not started`: the operating system said no, and the connection was closed;
   * - `internal`: the superserver itself took a connection;
   * - `suspended`: started too often in a minute, so its socket is closed; `resumed`: it is open again;
   * - `reloaded`: the configuration was read again.
   */
  readonly event:
    | "listening"
    | "closed"
    | "not listening"
    | "bad line"
    | "remark"
    | "started"
    | "ended"
    | "not started"
    | "internal"
    | "suspended"
    | "resumed"
    | "reloaded";
  /** The service as written in the configuration; empty for what concerns no service. */
  readonly service: string;
  /** The line of the configuration, counted from 1; 0 for what concerns no line. */
  readonly line: number;
  /** The port that is really listened on. */
  readonly realPort?: number;
  /** The process that was started or has ended. */
  readonly pid?: number;
  /** Its exit code, if it ended by itself. */
  readonly code?: number | undefined;
  /** The signal that ended it, if one did. */
  readonly signal?: NodeJS.Signals | undefined;
  /** From its start to its end. */
  readonly lifeMs?: number;
  /** What was wrong. */
  readonly problem?: string;
}

/** A row before it has its time and its service. */
export type SuperserverEvent = Omit<SuperserverRow, "atMs" | "service" | "line">;
