/**
 * What a browser page does with a program that comes to it. The page loads this module, and the abstract machine, from the
 * kernel's own server: nothing is bundled, nothing is installed. So this file imports no package.
 */
import { macrotask } from "../../world/core/environment.js";
import { freeze, segmentsOf, thaw } from "../abstract-machine/index.js";
import { runVisitor, visitorResources } from "./visit.js";
import { packVisit } from "./visit-report.js";

/** The part of a page's elements that is used here; the library is compiled without the types of the DOM. @internal */
export interface PageElement {
  textContent: string | null;
  readonly style: { width: string };
  querySelector(selector: string): PageElement | null;
}

/** What a page is told about a visit. @internal */
export interface Visit {
  /** Where the program is to be had, and to be brought back to. */
  readonly url: string;
  /** How many instructions it may execute here; to its end unless told. */
  readonly fuel?: number;
}

const count = (n: number): string => n.toLocaleString("en-US");

/** The kernel has given this visit up. */
const over = new Error("the kernel went on without this page");

/**
 * Asks the kernel, with a question that it does not answer, whether it still waits: the question ends when it does not any more, or
 * when it is gone itself. Browsers give such a question up after some minutes; then it is asked again.
 */
function watch(url: string): { readonly isOver: () => boolean; readonly end: () => void } {
  const controller = new AbortController();
  let isOver = false;
  const ask = async (): Promise<void> => {
    // Questions that end at once, two in a row, found nobody.
    for (let vain = 0; vain < 2 && !controller.signal.aborted; ) {
      const askedMs = performance.now();
      const answer = await fetch(`${url}/watch`, { signal: controller.signal }).catch(() => undefined);
      if (answer) break;
      vain = performance.now() - askedMs < 1000 ? vain + 1 : 0;
    }
    isOver = true;
  };
  void ask();
  return { isOver: () => isOver, end: () => controller.abort() };
}

/**
 * Fetches the program, runs it slice by slice so that the page stays alive, draws how far it is, and brings it back. It stops when the
 * kernel does not wait for it any more. It never throws: what goes wrong is said in the page.
 *
 * @internal
 */
export async function receiveProgram(root: PageElement, { url, fuel }: Visit): Promise<void> {
  const show = (selector: string, change: (element: PageElement) => void) => {
    const element = root.querySelector(selector);
    if (element) change(element);
  };
  const say = (text: string) =>
    show("[data-say]", (line) => {
      line.textContent = text;
    });
  let watching: ReturnType<typeof watch> | undefined;
  try {
    const answer = await fetch(url);
    if (!answer.ok) return say("The program is not here any more. Run the cell again to see it come.");
    const image = new Uint8Array(await answer.arrayBuffer());
    watching = watch(url);
    const { isOver } = watching;
    const printed: number[] = [];
    const said: string[] = [];
    const needs = segmentsOf(image).resources.rows;
    const machine = thaw(image, { resources: visitorResources(needs, printed, said) });
    const draw = async (executed: number) => {
      if (isOver()) throw over;
      say(`In this page: ${count(executed)} instructions since it came, ${count(image.length)} bytes long.`);
      show("[data-bar]", (bar) => {
        bar.style.width = `${fuel === undefined ? 50 : Math.round((100 * executed) / fuel)}%`;
      });
      show("[data-printed]", (line) => {
        const last = said.length > 0 ? ` It says: ${said.at(-1)}` : "";
        line.textContent = (printed.length > 0 ? `It printed here: ${printed.slice(-8).join(" ")}` : "") + last;
      });
      // Lets the page live. Timers of a page in the background are slowed down, messages are not.
      await new Promise<void>(macrotask);
    };
    const { executed, runMs, stop } = await runVisitor(machine, { fuel, betweenSlices: draw });
    const { userAgent } = (globalThis as unknown as { navigator: { userAgent: string } }).navigator;
    const report = { executed, runMs, platform: userAgent, stop, printed, said };
    // Text is what may cross from page to server without a question beforehand.
    const headers = { "content-type": "text/plain" };
    const body = packVisit(report, freeze(machine)) as never;
    const returned = await fetch(url, { method: "POST", body, headers });
    if (returned.ok) say(`Gone back, after ${count(executed)} instructions here.`);
    else if (returned.status === 410) throw over;
    else say(`The kernel did not take it back: ${await returned.text()}.`);
  } catch (error) {
    say(error === over ? `Stopped: ${over.message}.` : `The visit failed: ${(error as Error).message}`);
  } finally {
    watching?.end();
  }
}
