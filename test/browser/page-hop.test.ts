import { hopThroughPage, instantiate, type PageHop, type PageHopOptions } from "kernel-lib";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { compiled, primesAlone, primesMachine, printer } from "../migration/programs.js";
import { openBrowser } from "./browser.js";

const hopping = suite("a running program goes into a browser page and comes back");
const wanted = 3000;
const alone = primesAlone(wanted);
let browser: Browser;
let page: Page;
const complaints: string[] = [];

hopping.before(async () => {
  browser = await openBrowser(inRoot("build", "browser"), { own: process.env.OWN_BROWSER === "1" });
  page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
});
hopping.after(async () => browser?.close());

const said = () => page.locator("[data-say]").textContent();
/** Starts a program here, and sends it through the page. */
async function hop(options: PageHopOptions): Promise<PageHop & { printedHere: number[] }> {
  const { printed, resources } = printer();
  const machine = primesMachine(wanted, resources);
  machine.run({ fuel: 1_000_000 });
  const show = (html: string) => void page.setContent(`<body>${html}</body>`);
  return { ...(await hopThroughPage(machine, { show, resources, takeMs: 60_000, ...options })), printedHere: printed };
}

hopping("Node, Chromium, Node: the result is that of a program that never moved", async () => {
  const back = await hop({ fuel: 5_000_000 });
  assert.is(back.problem, "");
  assert.is(back.executed, 5_000_000);
  assert.is(back.machine.instructions, 6_000_000);
  assert.match(back.platform, /Chrom/);
  const stop = back.machine.run();
  assert.equal(stop, { why: "finished", results: [alone.result] });
  assert.is(back.machine.instructions, alone.instructions);
  const [before, after] = [back.printedHere.slice(0, -1), back.printedHere];
  assert.ok(before.length > 0 && back.printed.length > 0, "it printed here and there");
  const all = [...back.printed, ...after].sort((a, b) => a - b);
  assert.equal(all, alone.printed);
  await page.locator("[data-say]", { hasText: "Gone back, after 5,000,000 instructions here." }).waitFor();
});

hopping("a program may come to its end in the page, and its result comes back", async () => {
  const back = await hop({});
  assert.ok(back.visited);
  assert.is(back.machine.state, "idle");
  assert.is(back.machine.instructions, alone.instructions);
  assert.ok(back.instructionsPerS > 0 && back.visitMs > 0);
  assert.equal(back.stop, { why: "finished", results: [alone.result] });
});

hopping("where no script runs, it goes on here after the limit", async () => {
  const shown: string[] = [];
  const stays = await hop({ takeMs: 200, show: (html) => void shown.push(html) });
  assert.not.ok(stays.visited);
  assert.match(stays.problem, "no page took it within 0.2 s");
  assert.is(stays.machine.instructions, 1_000_000);
  assert.equal(stays.machine.run(), { why: "finished", results: [alone.result] });
  // The card is opened when the kernel has long given up, as in a notebook that was saved.
  await page.setContent(`<body>${shown[0]}</body>`);
  await page.locator("[data-say]", { hasText: "This page can't reach the kernel" }).waitFor();
});

hopping("a page that is closed with the program in it loses only what it did", async () => {
  const doomed = await browser.newPage();
  const stays = await hop({
    returnMs: 500,
    show: (html) => {
      // A page that takes the program and never brings it back.
      const silent = html.replace(
        /\.then\(\(page\)=>page\.receiveProgram\(root,(\{.*?\})\)/,
        ".then(()=>fetch($1.url)",
      );
      assert.is.not(silent, html);
      doomed.setContent(`<body>${silent}</body>`).catch(() => undefined); // closed on the way
    },
  });
  await doomed.close();
  assert.not.ok(stays.visited);
  assert.match(stays.problem, "the page kept it for more than 0.5 s");
  assert.equal(stays.machine.run(), { why: "finished", results: [alone.result] });
});

hopping("a second page that comes for the same program is told that it is gone", async () => {
  const other = await browser.newPage();
  const cards: string[] = [];
  const first = await hop({
    fuel: 20_000_000,
    show: (html) => {
      cards.push(html);
      void page.setContent(`<body>${html}</body>`).then(async () => {
        // On a busy machine the first visit may be over before anybody looks.
        await page.locator("[data-say]", { hasText: /In this page|Gone back/ }).waitFor();
        await other.setContent(`<body>${html}</body>`);
      });
    },
  });
  assert.ok(first.visited);
  const answer = other.locator("[data-say]", { hasText: /not here any more|can't reach the kernel|visit failed/ });
  await answer.waitFor();
  await other.close();
});

hopping("the card draws how far the program is", async () => {
  await hop({ fuel: 5_000_000 });
  assert.match((await page.locator("[data-printed]").textContent()) ?? "", /It printed here: \d+/);
  assert.is(
    await page.locator("[data-bar]").evaluate((bar) => (bar as unknown as { style: { width: string } }).style.width),
    "100%",
  );
  assert.match((await said()) ?? "", "Gone back");
});

/** A program that prints so many numbers, then comes to its end, or never does. */
const talker = await compiled(`
@external("printer", "print") declare function print(x: f64): void;
export function talk(n: i32): i64 { for (let i = 0; i < n; i++) print(i == 7 ? NaN : i); return i64.MAX_VALUE; }
export function endless(): void { for (;;) {} }`);
const talking = (call: string, ...args: number[]) => {
  const { printed, resources } = printer();
  const machine = instantiate(talker, { resources });
  machine.call(call, ...args);
  return { machine, resources, printed };
};

hopping("whatever it prints in the page comes back: a hundred thousand numbers, in order", async () => {
  const wantedNumbers = 100_000;
  const { machine, resources } = talking("talk", wantedNumbers);
  const show = (html: string) => void page.setContent(`<body>${html}</body>`);
  const back = await hopThroughPage(machine, { show, resources, takeMs: 60_000 });
  assert.is(back.problem, "");
  assert.is(back.printed.length, wantedNumbers);
  assert.ok(back.printed.every((x, i) => Object.is(x, i === 7 ? Number.NaN : i)));
  assert.equal(back.stop, { why: "finished", results: [2n ** 63n - 1n] });
});

hopping("a page that the kernel has given up stops, and says so", async () => {
  const { machine, resources } = talking("endless");
  const show = (html: string) => void page.setContent(`<body>${html}</body>`);
  const stays = await hopThroughPage(machine, { show, resources, takeMs: 60_000, returnMs: 1000 });
  assert.match(stays.problem, "the page kept it for more than 1 s");
  await page.locator("[data-say]", { hasText: "Stopped: the kernel went on without this page." }).waitFor();
  assert.is(stays.machine.run({ fuel: 10 }).why, "out of fuel");
});

hopping("a page that is closed while the program runs in it is noticed at once", async () => {
  const doomed = await browser.newPage();
  const { machine, resources } = talking("endless");
  const show = (html: string) =>
    void doomed.setContent(`<body>${html}</body>`).then(async () => {
      await doomed.locator("[data-say]", { hasText: "In this page" }).waitFor();
      await doomed.close();
    });
  const startMs = performance.now();
  const stays = await hopThroughPage(machine, { show, resources, takeMs: 60_000, returnMs: 300_000 });
  assert.match(stays.problem, "the page was closed with the program in it");
  assert.ok(performance.now() - startMs < 60_000);
});

hopping("what comes back damaged leaves the program here, and the page is told", async () => {
  for (const to of ["body.length - 9", "3"]) {
    await page.route("**/mobility/page.js", async (route) => {
      const answer = await route.fetch();
      const cut = (await answer.text()).replace(
        "packVisit(report, freeze(machine))",
        `((body) => body.slice(0, ${to}))($&)`,
      );
      assert.match(cut, to);
      await route.fulfill({ response: answer, body: cut });
    });
    const { machine, resources } = talking("talk", 5);
    const show = (html: string) => void page.setContent(`<body>${html}</body>`);
    const stays = await hopThroughPage(machine, { show, resources, takeMs: 60_000 });
    await page.unroute("**/mobility/page.js");
    assert.match(stays.problem, "what the page brought back is damaged");
    assert.is(stays.machine.run().why, "finished");
  }
});

hopping("no script of the pages failed", () => assert.equal(complaints, []));

hopping.run();
