import { randomUUID } from "node:crypto";
import { Interrupted } from "kernel-lib/errors";
import { type KernelHook, kernelHookName } from "kernel-lib/jupyter";
import type { CellError, Completion, Inspection, Order, Outputs, Question, Replies, Report } from "../messages.js";
import { asJson, bundleOf } from "./bundles.js";
import { calleeAt, completeness, moduleNameAt } from "./cell-text.js";
import { inspected } from "./documentation.js";
import { installPlot } from "./dom.js";
import { habit } from "./habits.js";
import type { Input } from "./input.js";
import { send, shownBy } from "./output.js";
import { importByRule, installPackages, moduleNames, workbook } from "./packages.js";
import { interrupted, Traces } from "./trace.js";
import {
  awaitsAtTopLevel,
  type Conversion,
  type Converter,
  createConverter,
  ownNames,
  requireFromTslab,
  takeMaps,
} from "./typescript.js";

type Execute = Extract<Order, { do: "execute" }>;

type Request = Exclude<Question, Execute>;

interface Cell {
  readonly order: Execute;
  /** How often the reader had interrupted when it began. */
  readonly interruptionsBefore: number;
  /** An error that arose beside the cell's own course: a rejection that nobody handled. */
  failure?: CellError;
  done: boolean;
}

interface Executor {
  execute(source: string): Promise<boolean>;
  inspect(source: string, position: number): ReturnType<Converter["inspect"]>;
  complete(source: string, position: number): ReturnType<Converter["complete"]>;
  interrupt(): void;
}

const { createExecutor } = requireFromTslab("./dist/executor.js") as {
  createExecutor(
    rootDir: string,
    converters: { node: Converter; browser: Converter; close(): void },
    console: { log(value: unknown): void; error(error: unknown): void },
  ): Executor;
};
const tslabProtocol = requireFromTslab("./dist/jupyter.js") as {
  lastWriteDisplayData: (content: Outputs["display_data"], update: boolean) => void;
};

/** The compiler found errors: thrown through tslab's executor, which would print them. */
class NotCompiled extends Error {
  readonly error: CellError;
  constructor(error: CellError) {
    super(error.evalue);
    this.error = error;
  }
}

const awaitPrefix = "await null;";

/** What `require` says of a package that only `import` takes. */
const importOnly = new Set(["ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_REQUIRE_ASYNC_MODULE", "ERR_REQUIRE_ESM"]);

/** What most notebooks import: read while nobody waits, so that the first cell need not. */
const usualImports = 'import "kernel-lib"; import "lodash";';
const idleMs = 200;

/** Runs cells one at a time by tslab's executor, and says what became of each. */
export class Cells {
  readonly #executor: Executor;
  readonly #guarded: <T>(work: () => T) => T;
  readonly #interruptions: () => number;
  readonly #input: Input;
  readonly #traces: Traces;
  readonly #callbacks = new Set<() => void>();
  readonly #endCallbacks: (() => void)[] = [];
  #running: Cell | undefined;
  #last: Execute | undefined;
  /** Set by tslab's executor while it runs the current cell. */
  #thrown: { readonly value: unknown } | undefined;
  #result: { readonly value: unknown } | undefined;

  /**
   * @param guarded runs work that an interrupt must not tear apart
   * @param interruptions how often the reader has interrupted so far
   * @param input what cells read
   */
  constructor(guarded: <T>(work: () => T) => T, interruptions: () => number, input: Input) {
    this.#guarded = guarded;
    this.#interruptions = interruptions;
    this.#input = input;
    const folder = process.cwd();
    this.#traces = new Traces([folder, workbook]);
    this.#traces.install();
    installPackages();
    installPlot();
    const compiler = createConverter();
    const node = this.#converter(compiler);
    let browser: Converter | undefined;
    const converters = {
      node,
      get browser() {
        browser ??= createConverter(true);
        return browser;
      },
      close: () => {},
    };
    this.#executor = createExecutor(folder, converters, {
      log: (value) => {
        this.#result = { value };
      },
      error: (value) => {
        this.#thrown = { value };
      },
    });
    Object.assign((globalThis as unknown as { __tslab__: object }).__tslab__, {
      epoch: 0,
      resumed(epoch: number, value: unknown) {
        if (epoch !== this.epoch) throw new Interrupted("the cell was stopped");
        return value;
      },
      imported(name: string, required: Promise<unknown>) {
        return required.catch((error: { code?: string }) => {
          if (importOnly.has(error.code ?? "")) return importByRule(name);
          throw error;
        });
      },
      async *items(iterable: AsyncIterable<unknown> | Iterable<unknown>) {
        let { epoch } = this;
        for await (const item of iterable) {
          this.resumed(epoch, undefined);
          yield item;
          epoch = this.epoch;
        }
      },
    });
    this.#offerHook();
    input.install(
      () => this.#running?.order,
      (error) => this.#stray(error),
    );
    tslabProtocol.lastWriteDisplayData = (content, update) =>
      this.#show(update ? "update_display_data" : "display_data", content);
    setTimeout(() => {
      if (!this.#last) guarded(() => compiler.convert("", usualImports));
    }, idleMs);
    process.on("uncaughtException", (error) => this.#stray(error));
    process.on("unhandledRejection", (reason) => this.#stray(reason));
  }

  /** The request to which output belongs that nobody else claims. */
  get currentId(): string | null {
    return this.#running?.order.id ?? this.#last?.id ?? null;
  }

  execute(order: Execute): void {
    const cell: Cell = { order, interruptionsBefore: this.#interruptions(), done: false };
    this.#running = cell;
    this.#last = order;
    this.#thrown = undefined;
    this.#result = undefined;
    this.#run(cell).then(
      (error) => this.#finish(cell, error),
      (error) => this.#finish(cell, error instanceof NotCompiled ? error.error : this.#traces.describe(error)),
    );
  }

  /**
   * Ends the running cell, whatever state its promises are in, and every await of the reader's code.
   *
   * @param unanswered orders that came before and have no reply yet: they get one now, as those that are neither done nor running
   *   were lost with the turn that took them. Nobody listens to a second reply.
   */
  interrupt(unanswered: readonly string[]): void {
    const tslab = (globalThis as unknown as { __tslab__: { epoch: number } }).__tslab__;
    tslab.epoch++;
    for (const callback of [...this.#callbacks]) {
      // Each by itself: a termination may come in between.
      if (!this.#callbacks.delete(callback)) continue;
      try {
        callback();
      } catch (error) {
        this.#stray(error);
      }
    }
    this.#guarded(() => {
      this.#input.interrupt();
      if (this.#running) this.#finish(this.#running, interrupted);
      this.#executor.interrupt();
      for (const id of unanswered) send({ is: "reply", id, content: { status: "error", ...interrupted } });
    });
  }

  /** What the reader has answered. */
  input(order: Extract<Order, { do: "input" }>): void {
    this.#input.take(order);
  }

  answer(order: Request): void {
    let content: Replies[keyof Replies];
    try {
      content = this.#answer(order);
    } catch (error) {
      content = { status: "error", ...this.#traces.describe(error) };
    }
    send({ is: "reply", id: order.id, content });
  }

  #answer(order: Request): Replies[Request["do"]] {
    if (order.do === "is_complete") return completeness(order.code);
    if (order.do === "inspect") return this.#inspect(order.code, order.position);
    const module = moduleNameAt(order.code, order.position);
    if (module) return matches(moduleNames(module.text), module, () => "module");
    const { start, end, candidates, original } = this.#executor.complete(order.code, order.position);
    const kinds = new Map(original?.entries.map(({ name, kind }) => [name, kind]));
    return matches(candidates, { start, end }, (name) => kinds.get(name) ?? "");
  }

  /** The name at the cursor, else what the call is of in whose parentheses the cursor stands. */
  #inspect(code: string, position: number): Inspection {
    const named = inspected(this.#executor.inspect(code, position));
    const callee = named.found ? undefined : calleeAt(code, position);
    return callee === undefined ? named : inspected(this.#executor.inspect(code, callee));
  }

  async #run(cell: Cell): Promise<CellError | undefined> {
    const ok = await this.#executor.execute(cell.order.code);
    if (cell.done) return undefined;
    if (!ok) return this.#traces.describe((this.#thrown as { value: unknown } | undefined)?.value);
    const result = this.#result as { value: unknown } | undefined;
    if (result && !cell.order.silent) await this.#showResult(cell, result.value);
    await this.#input.allAnswered();
    // Rejections that nobody handled are reported after this turn, and belong to this cell.
    await new Promise(setImmediate);
    return undefined;
  }

  async #showResult(cell: Cell, value: unknown): Promise<void> {
    const data = asJson(await bundleOf(value));
    if (cell.done) return;
    this.#show("execute_result", { data, metadata: {}, execution_count: cell.order.count });
  }

  #finish(cell: Cell, thrown: CellError | undefined): void {
    if (cell.done) return;
    // Taken one by one: what a termination cuts off is left to the interrupt.
    for (let callback = this.#endCallbacks.shift(); callback; callback = this.#endCallbacks.shift()) {
      try {
        callback();
      } catch (fault) {
        this.#stray(fault);
      }
    }
    // Where a library runs promises by itself, a termination ends those alone: what the library then throws comes of it.
    const error = thrown && this.#interruptions() !== cell.interruptionsBefore ? interrupted : thrown;
    if (error) this.#show("error", { ...error }, cell.order.id);
    const failed = error ?? cell.failure;
    const { id } = cell.order;
    this.#input.end();
    send({ is: "reply", id, content: failed ? { status: "error", ...failed } : { status: "ok" } });
    // Only now: a termination before it leaves the cell to the interrupt.
    cell.done = true;
    this.#running = undefined;
  }

  /** An error outside the course of any cell: a rejection that nobody handled, or a throwing callback. */
  #stray(thrown: unknown): void {
    if (thrown instanceof Interrupted) return;
    const { ename, evalue, traceback } = this.#traces.describe(thrown);
    const [head = "", ...frames] = traceback;
    const error = { ename, evalue, traceback: [`Not handled: ${head}`, ...frames] };
    const id = this.#traces.cellOf(thrown) ?? this.currentId;
    if (this.#running && id === this.#running.order.id) this.#running.failure ??= error;
    this.#show("error", error, id);
  }

  #show<T extends keyof Outputs>(type: T, content: Outputs[T], id = this.currentId): void {
    send({ is: "output", id, type, content } as Report);
  }

  #offerHook(): void {
    const hook: KernelHook = {
      display: (bundle, metadata = {}, displayId = randomUUID()) =>
        this.#show("display_data", { data: asJson(bundle), metadata, transient: { display_id: displayId } }),
      update: (bundle, displayId, metadata = {}) =>
        this.#show("update_display_data", { data: asJson(bundle), metadata, transient: { display_id: displayId } }),
      clear: (wait = false) => this.#show("clear_output", { wait }),
      shown: () => shownBy(this.currentId),
      onInterrupt: (callback) => {
        // A wrapper each, so that the same function may be given twice.
        const entry = () => callback();
        this.#callbacks.add(entry);
        return () => this.#callbacks.delete(entry);
      },
      interruptions: this.#interruptions,
      onCellEnd: (callback) => void this.#endCallbacks.push(callback),
    };
    Object.defineProperty(globalThis, kernelHookName, { value: Object.freeze(hook) });
  }

  /** tslab's converter, which then throws what does not compile, knows all forms of await, and names its output. */
  #converter(inner: Converter): Converter {
    const convert = (previous: string, source: string): Conversion => {
      const order = this.#last as Execute;
      const unusable = ownNames(source);
      if (unusable.length > 0) throw new NotCompiled(this.#traces.diagnosed(unusable, source));
      const prefix = awaitsAtTopLevel(source) ? awaitPrefix : "";
      const found = inner.convert(previous, prefix + source);
      // "for await" is only allowed in async functions (1103): tslab's executor makes the cell one.
      const diagnostics = found.diagnostics.filter(({ code }) => !(prefix && code === 1103));
      if (diagnostics.length > 0) {
        const shifted = diagnostics.map((each) => {
          if (each.fileName || each.start.line > 0) return each;
          const character = Math.max(0, each.start.character - prefix.length);
          return { ...each, start: { ...each.start, character } };
        });
        const known = habit(source, shifted);
        throw new NotCompiled(this.#traces.diagnosed(known ? [known] : shifted, source));
      }
      const head = found.hasToplevelAwait ? "(async function(exports, require) { " : "(function(exports, require) { ";
      const name = this.#traces.add(order.id, {
        label: `cell [${order.count}]`,
        source,
        outputShift: head.length,
        sourceShift: prefix.length,
        outputLines: found.output?.split("\n").length ?? 0,
        maps: takeMaps(),
      });
      return found.output ? { ...found, output: `${found.output}\n//# sourceURL=${name}` } : found;
    };
    return {
      convert: (previous, source) => this.#guarded(() => convert(previous, source)),
      inspect: inner.inspect,
      complete: inner.complete,
      addModule: inner.addModule,
      close: inner.close,
    };
  }
}

/** The content of a complete reply. */
function matches(
  names: readonly string[],
  { start, end }: { readonly start: number; readonly end: number },
  kind: (name: string) => string,
): Completion {
  return {
    status: "ok",
    matches: names,
    cursor_start: start,
    cursor_end: end,
    metadata: { _jupyter_types_experimental: names.map((text) => ({ start, end, text, type: kind(text) })) },
  };
}
