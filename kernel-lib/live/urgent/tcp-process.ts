import { refuse } from "../../errors.js";
import { type Child, withChildren } from "../children/child.js";
import type { ChildProgram } from "../children/child-programs.js";
import { lendPair, RawEnd, type TcpEnd } from "./tcp-pair.js";

/** See {@link tcpProcess}. */
export interface TcpProcessOptions {
  /** Whether SIGURG of the connection goes to the process, as if it had called `fcntl(0, F_SETOWN, getpid())`; not unless told. */
  readonly takesSignals?: boolean;
  /** How long the process may live; 30,000 ms unless told. */
  readonly limitMs?: number;
  /** Ends the process when it is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a program that has one end of a TCP connection as its standard input, as a superserver starts it, and lends you the
 * other end. A socket goes both ways: the program may also write to its standard input. Afterwards the process is ended and the
 * connection closed.
 *
 * @throws {@link ParameterError} for bad arguments, {@link ChildNotStarted} if there is no such program; Error where
 * {@link whyNoUrgentData} says why it can't be.
 */
export async function tcpProcess<R>(
  program: ChildProgram,
  use: (client: TcpEnd, child: Child) => Promise<R>,
  { takesSignals = false, limitMs = 30_000, signal }: TcpProcessOptions = {},
): Promise<R> {
  if (typeof use !== "function") refuse("tcpProcess", "use", "an async function of an end and a child", use);
  return lendPair({}, (api, fds, { sender, receiver, isOpen }) =>
    withChildren(async (start) => {
      const child = await start(program, { stdin: receiver, limitMs, ...(signal && { signal }) });
      if (takesSignals) api.sendSignalsTo(receiver, child.pid);
      // The process has its own copy; when that is closed too, the client sees the end.
      fds.splice(fds.indexOf(receiver), 1);
      api.close(receiver);
      return use(new RawEnd(api, sender, isOpen), child);
    }),
  );
}
