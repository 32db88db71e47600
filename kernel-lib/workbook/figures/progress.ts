import { checkPositive, refuse } from "../../errors.js";
import { type KernelHook, kernelHook, type MimeBundle } from "../../jupyter.js";
import { escapeMarkup } from "./display.js";
import { formatDuration } from "./numbers.js";
import { outputStyle, palette } from "./palette.js";

/** What is shown while it runs; see {@link progress}. */
export interface Progress {
  /** One more is done, or `count` more. */
  tick(count?: number): void;
  /** Takes the bar away. Called when all is done; call it yourself where an error may come first. */
  done(): void;
  /** The same items, ticking after each; the bar goes also when the loop is left early. */
  each<T>(items: Iterable<T>): Iterable<T>;
}

/** Nothing is shown for what takes less. */
const patienceMs = 1000;
const everyMs = 200;
let count = 0;

/**
 * A bar in the cell for work that takes longer than a second, with the time left. When the work is done, or the reader
 * presses Interrupt, the bar is cleared away, and the cell's outputs are as if it had never been. In a cell that showed
 * something else before or meanwhile, it is emptied instead, since clearing would take that away too.
 *
 * @param total how many ticks there will be.
 * @param label what is being done: `20 replications`.
 * @throws {@link ParameterError} if total is not above 0 or the label is empty.
 * @example
 * for (const seed of progress(20, "20 replications").each(seeds)) runs.push(await simulate(s, { seed }));
 */
export function progress(total: number, label: string): Progress {
  checkPositive("progress", "total", total);
  if (typeof label !== "string" || label === "") refuse("progress", "label", "a text that is not empty", label);
  return new Bar(total, label, kernelHook());
}

class Bar implements Progress {
  readonly #startMs = performance.now();
  readonly #id = `handoff-progress-${++count}`;
  #ticks = 0;
  #sent = 0;
  #shownMs: number | undefined;
  #isDone = false;
  #offInterrupt: unknown;

  constructor(
    readonly total: number,
    readonly label: string,
    readonly hook: KernelHook | undefined,
  ) {
    this.#offInterrupt = hook?.onInterrupt(() => this.done());
  }

  tick(count = 1): void {
    if (this.#isDone) return;
    this.#ticks += count;
    if (this.#ticks >= this.total) this.done();
    else this.#show(performance.now());
  }

  done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (typeof this.#offInterrupt === "function") this.#offInterrupt();
    if (this.#shownMs === undefined || !this.hook) return;
    const others = (this.hook.shown?.() ?? this.#sent) - this.#sent;
    if (others === 0) this.hook.clear(false);
    else this.hook.update({ "text/plain": "" }, this.#id);
  }

  *each<T>(items: Iterable<T>): Iterable<T> {
    try {
      for (const item of items) {
        yield item;
        this.tick();
      }
    } finally {
      this.done();
    }
  }

  #show(nowMs: number): void {
    const spentMs = nowMs - this.#startMs;
    if (!this.hook || spentMs < patienceMs || nowMs - (this.#shownMs ?? 0) < everyMs) return;
    const leftMs = (spentMs * (this.total - this.#ticks)) / this.#ticks;
    const bundle = picture(this.label, this.#ticks / this.total, leftMs);
    if (this.#shownMs === undefined) this.hook.display(bundle, {}, this.#id);
    else this.hook.update(bundle, this.#id);
    this.#sent++;
    this.#shownMs = nowMs;
  }
}

function picture(label: string, share: number, leftMs: number): MimeBundle {
  const percent = Math.floor(share * 100);
  const text = `${label}: ${percent} %, about ${formatDuration(leftMs)} left`;
  return {
    "text/plain": text,
    "text/html": `<div class="handoff"><style>${outputStyle}</style><div role="progressbar" aria-valuenow="${percent}" style="display:flex;gap:10px;align-items:center"><div style="width:220px;height:8px;border-radius:4px;background:${palette.faint}"><div style="width:${percent}%;height:8px;border-radius:4px;background:${palette.predicted}"></div></div><span>${escapeMarkup(text)}</span></div></div>`,
  };
}
