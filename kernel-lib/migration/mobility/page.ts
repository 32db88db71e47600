/**
 * What a browser page does with a program that comes to it. The page loads this module, and the abstract machine, from the
 * kernel's own server: nothing is bundled, nothing is installed. So this file imports no package.
 */
import { macrotask } from "../../world/environment.js";
import { freeze, segmentsOf, thaw } from "../machine/index.js";
import { runVisitor, visitorResources } from "./visit.js";

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

/** What the page says when it gives the program back. @internal */
export interface VisitReport {
  readonly executed: number;
  readonly runMs: number;
  readonly platform: string;
  readonly printed: readonly number[];
}

const count = (n: number): string => n.toLocaleString("en-US");

/**
 * Fetches the program, runs it slice by slice so that the page stays alive, draws how far it is, and brings it back. It never
 * throws: what goes wrong is said in the page.
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
  try {
    const answer = await fetch(url);
    if (!answer.ok) return say("The program is not here any more. Run the cell again to see it come.");
    const image = new Uint8Array(await answer.arrayBuffer());
    const printed: number[] = [];
    const needs = segmentsOf(image).resources.rows;
    const machine = thaw(image, { resources: visitorResources(needs, printed) });
    const draw = (executed: number) => {
      say(`In this page: ${count(executed)} instructions since it came, ${count(image.length)} bytes long.`);
      show("[data-bar]", (bar) => {
        bar.style.width = `${fuel === undefined ? 50 : Math.round((100 * executed) / fuel)}%`;
      });
      show("[data-printed]", (line) => {
        line.textContent = printed.length > 0 ? `It printed here: ${printed.slice(-8).join(" ")}` : "";
      });
      // Lets the page live. Timers of a page in the background are slowed down, messages are not.
      return new Promise<void>(macrotask);
    };
    const { executed, runMs } = await runVisitor(machine, { fuel, betweenSlices: draw });
    const { userAgent } = (globalThis as unknown as { navigator: { userAgent: string } }).navigator;
    const report: VisitReport = { executed, runMs, platform: userAgent, printed: printed.slice(-1000) };
    // Text is what may cross from page to server without a question beforehand.
    const headers = { "content-type": "text/plain" };
    const query = `?report=${encodeURIComponent(JSON.stringify(report))}`;
    const returned = await fetch(url + query, { method: "POST", body: freeze(machine) as never, headers });
    say(
      returned.ok
        ? `Gone back, after ${count(report.executed)} instructions here.`
        : "It came back too late: the kernel went on without this page.",
    );
  } catch (error) {
    say(`The visit failed: ${(error as Error).message}`);
  }
}
