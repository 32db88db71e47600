/**
 * What this room needs of the JavaScript engine it runs in: the ways to let promises run, to give the event loop a turn, and to
 * hear of Interrupt. Found by asking, never imported, so that the room also runs in a browser.
 */

interface NodeProcess {
  _tickCallback?: () => void;
  on?: (event: string, listener: (reason: unknown) => void) => void;
  removeAllListeners?: (event: string) => void;
  rawListeners?: (event: string) => ((reason: unknown) => void)[];
  stdout?: { write: (...args: unknown[]) => boolean };
  stderr?: { write: (...args: unknown[]) => boolean };
}

const scope = globalThis as unknown as {
  process?: NodeProcess;
  setImmediate?: (callback: () => void) => unknown;
  MessageChannel: new () => { port1: Port; port2: Port };
};

interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** Node's process object, if there is one. */
export const nodeProcess: NodeProcess | undefined = scope.process;

const setImmediateHere = scope.setImmediate;

/** Calls back from a fresh turn of the event loop, after what waits there has had its turn. */
export function macrotask(callback: () => void): void {
  if (setImmediateHere) {
    setImmediateHere(callback);
    return;
  }
  const channel = new scope.MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    callback();
  };
  channel.port2.postMessage(undefined);
}

/** How the promises that an event has resolved are run to the last before the clock moves. */
export type DrainKind = "tick" | "immediate" | "channel";

/**
 * Runs every microtask now, and those that they make; only from a macrotask. Node offers it without documentation, as
 * `process._tickCallback`; `undefined` where it is missing or does not do what it should. What a tick throws
 * comes out of it, and must go on to the event loop: only there does Node tidy up behind it.
 */
export function findSynchronousDrain(): (() => void) | undefined {
  const tick = nodeProcess?._tickCallback;
  if (typeof tick !== "function") return undefined;
  const drain = (): void => tick.call(nodeProcess);
  let hops = 0;
  const hop = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      await undefined;
      hops++;
    }
  };
  void hop();
  drain();
  return hops === 20 ? drain : undefined;
}

/** Turns of the event loop, asked for one at a time. */
export interface Turns {
  /** Calls back in the next turn: when every microtask has run, those made meanwhile included, and rejections are told. */
  next(callback: () => void): void;
  close(): void;
}

/**
 * Turns by `setImmediate` or, where there is none or it is asked for, by `MessageChannel`. Not by `process.nextTick`, though it is
 * faster: Node tells of rejections only when no tick is left.
 */
export function makeTurns(kind: Exclude<DrainKind, "tick">): Turns {
  if (kind === "immediate" && setImmediateHere) return { next: setImmediateHere, close: () => undefined };
  const { port1, port2 } = new scope.MessageChannel();
  let waiting: (() => void) | undefined;
  port1.onmessage = () => {
    const callback = waiting;
    waiting = undefined;
    callback?.();
  };
  return {
    next: (callback) => {
      waiting = callback;
      port2.postMessage(undefined);
    },
    close: () => port1.close(),
  };
}

/**
 * Until the returned function is called, errors that nobody catches (rejections, what microtasks and listeners throw) go to
 * `adopt` alone, and not to those in this process who else would report them or end it.
 */
export function adoptFailures(adopt: (reason: unknown) => void): () => void {
  const { on, rawListeners, removeAllListeners } = nodeProcess ?? {};
  if (!on || !rawListeners || !removeAllListeners) return () => undefined;
  const kept = ["unhandledRejection", "uncaughtException"].map((event) => {
    const listeners = rawListeners.call(nodeProcess, event);
    removeAllListeners.call(nodeProcess, event);
    on.call(nodeProcess, event, adopt);
    return { event, listeners };
  });
  return () => {
    for (const { event, listeners } of kept.splice(0)) {
      removeAllListeners.call(nodeProcess, event);
      for (const listener of listeners) on.call(nodeProcess, event, listener);
    }
  };
}

/** Real time in ms, for deciding when to hand over; never part of a result. */
export const realNowMs: () => number = performance.now.bind(performance);
