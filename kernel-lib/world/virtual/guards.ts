import type { Core } from "../core/core.js";
import { nodeProcess } from "../core/environment.js";
import { ForeignWait } from "../errors.js";

const replacements: readonly (readonly [name: string, advice: string])[] = [
  ["setTimeout", "use host.sleep"],
  ["setInterval", "use host.sleep in a loop"],
  ["setImmediate", "use host.sleep(0)"],
  ["fetch", "use host.connect"],
];

/**
 * While programs of a simulation run, whatever would bring in real time or chance throws, and stops the run: timers, the
 * clock, `Math.random`, `fetch`. Put in for a stretch of simulation and taken out whenever the event loop gets its turn, so that
 * nothing else in the process notices.
 */
export class Guards {
  readonly #core: Core;
  #undo: (() => void)[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  install(): void {
    if (this.#undo.length > 0) return;
    for (const [name, advice] of replacements) this.#replace(globalThis, name, this.#thrower(name, advice));
    this.#replace(Math, "random", this.#thrower("Math.random", "use host.random"));
    this.#replace(
      AbortSignal,
      "timeout",
      this.#thrower("AbortSignal.timeout", "use receive({ timeoutMs }) or host.sleep"),
    );
    this.#replace(performance, "now", this.#thrower("performance.now", "use host.now"));
    for (const name of ["randomUUID", "getRandomValues"])
      this.#replace(crypto, name, this.#thrower(`crypto.${name}`, "use host.random"));
    if (nodeProcess) {
      const hrtime = this.#thrower("process.hrtime", "use host.now");
      this.#replace(nodeProcess, "hrtime", Object.assign(hrtime, { bigint: hrtime }));
    }
    this.#replace(globalThis, "Date", this.#dateWithoutNow());
    if (nodeProcess?.stdout) this.#letThrough(nodeProcess.stdout);
    if (nodeProcess?.stderr) this.#letThrough(nodeProcess.stderr);
  }

  remove(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  #thrower(name: string, advice: string): () => never {
    return () => this.#refuse(name, advice);
  }

  #refuse(name: string, advice: string): never {
    const core = this.#core;
    const process = core.stepper.current?.process;
    const who = process ? ` by ${process.who}` : "";
    const error = new ForeignWait(
      `${name} was called${who} at t=${core.now().toFixed(3)} ms: it is outside the simulation; ${advice}`,
    );
    core.fatal ??= error;
    throw error;
  }

  #dateWithoutNow(): DateConstructor {
    const thrower = this.#thrower.bind(this);
    return new Proxy(Date, {
      construct: (target, args, newTarget) =>
        args.length === 0 ? this.#refuse("new Date()", "use host.now") : Reflect.construct(target, args, newTarget),
      apply: () => this.#refuse("Date()", "use host.now"),
      get: (target, key) => (key === "now" ? thrower("Date.now", "use host.now") : Reflect.get(target, key)),
    });
  }

  /** What a program prints passes through code of others (Node's streams, the notebook's kernel), to which no guard applies. */
  #letThrough(stream: { write: (...args: unknown[]) => boolean }): void {
    const write = stream.write;
    const through = (...args: unknown[]): boolean => {
      this.remove();
      try {
        return write.apply(stream, args);
      } finally {
        this.install();
      }
    };
    this.#replace(stream, "write", through);
  }

  #replace(object: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(object, name);
    // Some hosts inherit these (performance.now) or lack them; what was not there is taken away again.
    Object.defineProperty(object, name, {
      value,
      writable: true,
      configurable: true,
      enumerable: before?.enumerable ?? false,
    });
    this.#undo.push(() => {
      if (before) Object.defineProperty(object, name, before);
      else delete (object as Record<string, unknown>)[name];
    });
  }
}
