import { checkPositive, checkWhole, Interrupted, ParameterError } from "../errors.js";
import { kernelHook, type MimeBundle } from "../jupyter.js";
import {
  freeze,
  type Machine,
  type Resources,
  type Stop,
  segmentsOf,
  thaw,
} from "../migration/abstract-machine/index.js";
import { onInterrupt } from "../simulation/interrupt.js";
import { escapeMarkup } from "./figures/display.js";
import { outputStyle, palette } from "./figures/palette.js";
import { openPageServer, type PageServer } from "./platform.js";

/** See {@link hopThroughPage}. */
export interface PageHopOptions {
  /** How many instructions it executes in the page before it comes back; to its end unless told. */
  readonly fuel?: number;
  /** What its resources are bound to when it is back. In the page it finds a printer (`printer.print`) and a clock (`clock.now`). */
  readonly resources?: Resources;
  /** How long to wait until a page takes the program; 4,000 ms unless told. */
  readonly takeMs?: number;
  /** How long the page may keep it; 30,000 ms unless told. */
  readonly returnMs?: number;
  /** Shows the card through which the page gets the program; by default the notebook does. For pages other than the notebook's. */
  readonly show?: (html: string) => void;
}

/** What became of a program that was sent to a page. */
export interface PageHop {
  /** Whether a page took it and brought it back. If not, the machine is as it was before. */
  readonly visited: boolean;
  /** The machine, to go on here. */
  readonly machine: Machine;
  /** Why it stopped in the page, with its results if it came to its end there; undefined if it was not visited. */
  readonly stop: Stop | undefined;
  /** Instructions executed in the page. */
  readonly executed: number;
  /** Instructions a second in the page, while it ran. */
  readonly instructionsPerS: number;
  /** What it printed there. */
  readonly printed: readonly number[];
  /** What it said there on its console. */
  readonly said: readonly string[];
  /** From its leaving to its return. */
  readonly visitMs: number;
  /** What the page says of itself. */
  readonly platform: string;
  /** If it was not visited: why. */
  readonly problem: string;
}

/**
 * Sends a running program into the browser page of the notebook in which this cell stands: the page fetches its image from this
 * process, thaws it in an abstract machine of its own, draws its progress, and brings it back. Strong mobility between two platforms that
 * have nothing in common but the machine.
 *
 * Where no script runs (a viewer without them, a notebook that is not trusted, no browser at all) or the page can't reach this process
 * (JupyterLab on another computer), nobody takes the program, and after `takeMs` it goes on here. So it does when the page is closed, keeps
 * it for longer than `returnMs`, or brings back what is no program; the page's own copy then stops.
 *
 * @param machine what is sent. It stays as it is; go on with the one that is returned.
 * @throws {@link ParameterError} if a number is out of range, or a resource is missing on return; {@link Interrupted} if the reader
 *   interrupts the cell.
 */
export async function hopThroughPage(machine: Machine, options: PageHopOptions = {}): Promise<PageHop> {
  const takeMs = checkPositive("hopThroughPage", "takeMs", options.takeMs ?? 4000);
  const returnMs = checkPositive("hopThroughPage", "returnMs", options.returnMs ?? 30_000);
  const fuel = options.fuel === undefined ? undefined : checkWhole("hopThroughPage", "fuel", options.fuel, 1);
  const hook = kernelHook();
  const server = await openPageServer(freeze(machine));
  let isInterrupted = false;
  const withdraw = onInterrupt(() => {
    isInterrupted = true;
    server.giveUp("the cell was interrupted");
  });
  const cardId = `handoff-page-${server.url.split("/").at(-2)}`;
  let hop: PageHop;
  try {
    const card = visitCard(cardId, server.module, { url: server.url, ...(fuel ? { fuel } : {}) });
    if (options.show) options.show(card);
    else hook?.display({ "text/plain": "The program is offered to the page.", "text/html": card }, {}, cardId);
    hop = await waitFor(server, machine, options.resources, takeMs, returnMs);
  } finally {
    withdraw();
    server.close();
  }
  // What stays in the notebook has no script: opened tomorrow, it must not look for a server that is gone.
  if (!options.show) hook?.update(outcomeCard(hop), cardId);
  if (isInterrupted) throw new Interrupted(`hopThroughPage: ${hop.problem}; the program is as it was before`);
  return hop;
}

async function waitFor(
  server: PageServer,
  machine: Machine,
  resources: Resources | undefined,
  takeMs: number,
  returnMs: number,
): Promise<PageHop> {
  const nobody = `no page took it within ${takeMs / 1000} s: no script ran here, or the page can't reach this process`;
  if ((await within(Promise.race([server.taken, server.ended]), takeMs)) === late) server.giveUp(nobody);
  else if ((await within(server.ended, returnMs)) === late)
    server.giveUp(`the page kept it for more than ${returnMs / 1000} s`);
  const end = await server.ended;
  if ("problem" in end) return stays(machine, end.problem);
  const { report, visitMs, image } = end;
  const { executed, runMs, platform, printed, said, stop } = report;
  if (!isImage(image)) return stays(machine, "what the page brought back is damaged");
  return {
    visited: true,
    machine: thaw(image, resources ? { resources } : {}),
    stop,
    executed,
    instructionsPerS: (1000 * executed) / Math.max(runMs, 0.001),
    printed,
    said,
    visitMs,
    platform,
    problem: "",
  };
}

/** Whether these bytes are the image of a program. */
function isImage(image: Uint8Array): boolean {
  try {
    segmentsOf(image);
    return true;
  } catch (error) {
    if (error instanceof ParameterError) return false;
    throw error;
  }
}

function stays(machine: Machine, problem: string): PageHop {
  const nothing = { executed: 0, instructionsPerS: 0, printed: [], said: [], visitMs: 0, platform: "" };
  return { visited: false, machine, stop: undefined, ...nothing, problem };
}

const late = Symbol("late");

async function within<T>(work: Promise<T>, limitMs: number): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<typeof late>((resolve) => {
    timer = setTimeout(() => resolve(late), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function visitCard(id: string, module: string, visit: { readonly url: string; readonly fuel?: number }): string {
  const script =
    `const root=document.getElementById(${JSON.stringify(id)});` +
    `import(${JSON.stringify(module)}).then((page)=>page.receiveProgram(root,${JSON.stringify(visit)}),` +
    `(error)=>{root.querySelector("[data-say]").textContent="This page can't reach the kernel: "+error.message})`;
  return card(
    `<div style="height:8px;border-radius:4px;background:${palette.faint};max-width:420px"><div data-bar style="width:0%;height:8px;border-radius:4px;background:${palette.measured}"></div></div>` +
      `<div data-say>The program waits for this page to take it…</div><div data-printed></div><script>(()=>{${script}})()</script>`,
    id,
  );
}

function outcomeCard(hop: PageHop): MimeBundle {
  const text = hop.visited
    ? `The program was in this page: ${hop.executed.toLocaleString("en-US")} instructions in ${Math.round(hop.visitMs)} ms, ` +
      `${Math.round(hop.instructionsPerS / 1e6)} million a second while it ran. ${hop.printed.length > 0 ? `It printed ${hop.printed.slice(-8).join(" ")}. ` : ""}Then it came back.`
    : `The program stayed here: ${hop.problem}.`;
  return { "text/plain": text, "text/html": card(escapeMarkup(text)) };
}

function card(inner: string, id?: string): string {
  return `<div class="handoff"${id ? ` id="${id}"` : ""}><style>${outputStyle}</style><div style="border-left:4px solid ${palette.measured};padding:2px 10px;max-width:760px">${inner}</div></div>`;
}
