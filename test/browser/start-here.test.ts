import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Browser } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { cloneFolder, makeClone, readersEnvironment } from "../setup/checkout.js";
import { NpmStart, nothingIsLeft } from "../setup/npm-start.js";
import { openBrowser } from "./browser.js";
import { NotebookPage } from "./notebook-page.js";

const reading = suite("notebook 00 in JupyterLab, from npm start's own URL");
const home = path.join(cloneFolder, "build", "home");
const notebookFile = path.join(cloneFolder, "notebooks", "00-start-here.ipynb");
const textFile = path.join(cloneFolder, "notebooks", "text", "00-start-here.ts");

let start: NpmStart;
let browser: Browser;
let lab: NotebookPage;
const complaints: string[] = [];

interface Output {
  readonly output_type: string;
  readonly data?: Readonly<Record<string, unknown>>;
}
interface Cell {
  readonly cell_type: string;
  readonly metadata: { readonly name?: string; readonly tags?: readonly string[] };
  readonly outputs?: readonly Output[];
}
const savedCells = (): readonly Cell[] => (JSON.parse(readFileSync(notebookFile, "utf8")) as { cells: Cell[] }).cells;

const hoppingCell = `
import { compileWasmText, decodeModule, hopThroughPage, instantiate } from "kernel-lib";
const countingText = \`(module (func (export "count") (param i32) (result i32) (local i32)
  (loop (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 1) (local.get 0))))
  (local.get 1)))\`;
const counting = instantiate(decodeModule(await compileWasmText(countingText)));
counting.call("count", 30000000);
counting.run({ fuel: 1000 });
const hop = await hopThroughPage(counting, { fuel: 150000000, takeMs: 30000 });
const counted = hop.machine.run();
console.log("visited " + hop.visited + ", executed " + hop.executed + " there, counted " + (counted as any).results[0]);
`;

const deskCell = `
import { Desk, serveTerminal, useTerminal } from "kernel-lib";
const desk = new Desk({ width: 400, height: 280 });
const deskServer = await serveTerminal(desk);
console.log("the desk is open");
`;

const terminalCell = (name: string) => `
const used = await useTerminal(deskServer, { takeMs: 30000, untouchedMs: 60000 });
console.log("${name}: it has " + JSON.stringify(desk.text) + ", its window at " + desk.window.x + "," + desk.window.y +
  "; killed: " + used.reason.startsWith("it was killed") + "; the last picture is its own: " + used.picture?.equals(desk.framebuffer));
`;

const terminalCard = ".jp-CodeCell .jp-OutputArea-output .handoff";

reading.before(async () => {
  makeClone(cloneFolder);
  start = NpmStart.run(cloneFolder, readersEnvironment(home), ["--port", "0"]);
  const { url } = await start.url();
  browser = await openBrowser(inRoot("build", "browser"), { own: process.env.OWN_BROWSER === "1" });
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && /failed to activate/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(url);
  lab = new NotebookPage(page);
  await lab.ready();
});

reading.after(async () => {
  await lab?.picture("99-last").catch(() => {}); // the page may be what failed
  await browser?.close();
  await start?.stop();
});

reading("opens 00 with our kernel and no dialog in the way", async () => {
  await lab.panel.locator(".jp-Toolbar-kernelName", { hasText: "TypeScript (Handoff)" }).waitFor();
  assert.is(await lab.page.locator(".lm-TabBar-tab.lm-mod-current", { hasText: "00-start-here" }).count(), 1);
  assert.is(await lab.page.locator(".jp-Dialog").count(), 0);
  await lab.page.waitForTimeout(1500); // news and updates would be announced by now
  assert.is(await lab.page.locator(".Toastify__toast").count(), 0);
  await lab.picture("01-opened");
});

reading("shows the shipped figures before anything is run", async () => {
  const shippedFigures = savedCells()
    .flatMap((cell) => cell.outputs ?? [])
    .filter(isFigure).length;
  assert.ok(shippedFigures > 0, "notebook 00 is shipped without a figure");
  const figure = lab.panel.locator(".jp-OutputArea-output svg").first();
  await figure.scrollIntoViewIfNeeded();
  assert.ok(await figure.isVisible());
  await lab.picture("02-figures-before-a-run");
});

reading("offers our kernel and no other", async () => {
  const asked = await lab.page.request.get(new URL("/api/kernelspecs", lab.page.url()).href);
  const specs = (await asked.json()) as { default: string; kernelspecs: object };
  assert.is(specs.default, "handoff");
  assert.equal(Object.keys(specs.kernelspecs), ["handoff"]);
});

reading("runs all cells, shows a figure's SVG and no error", async () => {
  await lab.runAll(120);
  await lab.menu("File", "Save Notebook");
  await lab.page
    .locator(".jp-NotebookPanel.jp-mod-dirty, .lm-TabBar-tab.lm-mod-current.jp-mod-dirty")
    .waitFor({ state: "detached" });
  const outputs = savedCells().flatMap((cell) => cell.outputs ?? []);
  const failed = savedCells().filter(({ outputs }) => outputs?.some(({ output_type }) => output_type === "error"));
  const unwanted = failed.filter(({ metadata }) => !metadata.tags?.includes("raises-exception"));
  assert.equal(
    unwanted.map(({ metadata }) => metadata.name),
    [],
  );
  assert.ok(outputs.some(isFigure));
  const figure = lab.panel.locator(".jp-OutputArea-output svg").first();
  await figure.scrollIntoViewIfNeeded();
  assert.ok(await figure.isVisible());
  await lab.picture("03-all-run");
});

reading("runs an edited cell again and keeps the text in step with the saved notebook", async () => {
  const cell = lab.codeCells.first();
  const mark = "six times seven is";
  await lab.write(cell, `console.log("${mark}", 6 * 7);`);
  await lab.runCell();
  await cell.locator(".jp-OutputArea-output", { hasText: `${mark} 42` }).waitFor({ timeout: 20_000 });
  await lab.picture("04-edited");
  await lab.menu("File", "Save Notebook");
  await until("the text has the edit", () => readFileSync(textFile, "utf8").includes(mark));
  assert.ok(readFileSync(notebookFile, "utf8").includes(mark));
});

reading("stops a long cell on Interrupt, and the next one runs", async () => {
  const cell = lab.codeCells.first();
  await lab.write(cell, "await 0; for (let i = 0; ; i++) if (i < 0) break;");
  await lab.runCell();
  await lab.busy(20);
  await lab.page.waitForTimeout(500);
  await lab.menu("Kernel", "Interrupt Kernel");
  await lab.idle(10);
  await lab.picture("05-interrupted");
  await lab.write(cell, 'console.log("after the interrupt");');
  await lab.runCell();
  await cell.locator(".jp-OutputArea-output", { hasText: "after the interrupt" }).waitFor({ timeout: 10_000 });
});

reading("starts the kernel anew, without the old names", async () => {
  const cell = lab.codeCells.first();
  await lab.write(cell, "(globalThis as any).kept = 1;");
  await lab.runCell();
  await lab.idle(10);
  await lab.menu("Kernel", "Restart Kernel…");
  await lab.accept();
  await lab.restarted(30);
  await lab.write(cell, 'console.log("kept:", (globalThis as any).kept);');
  await lab.runCell();
  await cell.locator(".jp-OutputArea-output", { hasText: "kept: undefined" }).waitFor({ timeout: 20_000 });
  await lab.picture("06-restarted");
});

reading(
  "sends a running program into the notebook's own page, which draws its progress and sends it back",
  async () => {
    const cell = lab.codeCells.first();
    await lab.write(cell, hoppingCell);
    // The visit is over in a fraction of a second on a fast machine, so what the page says is written down as it says it.
    await lab.page.evaluate(`new MutationObserver(() => {
      const say = document.querySelector("[data-say]")?.textContent;
      if (say?.includes("In this page")) (window.saidInPage ??= []).push(say);
    }).observe(document.body, { subtree: true, childList: true, characterData: true })`);
    await lab.runCell();
    await lab.page.waitForFunction("window.saidInPage?.length > 1", undefined, { timeout: 60_000 });
    await lab.picture("07-in-the-page");
    await cell
      .locator(".jp-OutputArea-output", { hasText: "visited true, executed 150000000 there, counted 30000000" })
      .waitFor({ timeout: 60_000 });
    await cell.locator(".jp-OutputArea-output", { hasText: "Then it came back." }).waitFor({ timeout: 10_000 });
    assert.is(await cell.locator(".jp-OutputArea-output script").count(), 0, "what stays has no script");
    await lab.picture("08-back-from-the-page");
  },
);

/** What the page's canvas and what a picture shows, as the page has them: a line of colours each. */
const coloursOf = (selector: string): Promise<string> =>
  lab.page.evaluate(`(async () => {
    const shown = document.querySelector(${JSON.stringify(selector)});
    if (shown instanceof HTMLImageElement) await shown.decode();
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [shown.naturalWidth ?? shown.width, shown.naturalHeight ?? shown.height];
    const context = copy.getContext("2d");
    context.drawImage(shown, 0, 0);
    return context.getImageData(0, 0, copy.width, copy.height).data.join();
  })()`);

/** Runs the cell that opens a terminal, and waits until the page shows it. */
async function openTerminal(name: string): Promise<void> {
  const cell = lab.codeCells.first();
  await lab.write(cell, terminalCell(name));
  await lab.runCell();
  await cell.locator("[data-say]", { hasText: /\d updates/ }).waitFor({ timeout: 30_000 });
}

reading(
  "shows a program at the server in a canvas: keys and mouse go to the program, and the notebook hears none",
  async () => {
    const cell = lab.codeCells.first();
    await lab.write(cell, deskCell);
    await lab.runCell();
    await cell.locator(".jp-OutputArea-output", { hasText: "the desk is open" }).waitFor({ timeout: 20_000 });
    const cells = await lab.panel.locator(".jp-Cell").count();
    await openTerminal("first");
    const atFirst = await coloursOf("[data-screen]");
    await lab.page.locator("[data-keys]").click({ position: { x: 300, y: 220 } });
    // Escape, dd, b, Shift+Enter: in a notebook these would leave the cell, delete it, add one and run it.
    await lab.page.keyboard.press("Escape");
    await lab.page.keyboard.type("dd b");
    for (const key of ["Shift+Enter", "Control+Enter", "ArrowUp", "x", "Backspace"]) await lab.page.keyboard.press(key);
    await lab.page.keyboard.type("olá");
    const box = (await lab.page.locator("[data-keys]").boundingBox()) as { x: number; y: number };
    await lab.page.mouse.move(box.x + 24 + 100, box.y + 24 + 6);
    await lab.page.mouse.down();
    await lab.page.mouse.move(box.x + 24 + 140, box.y + 24 + 36, { steps: 5 });
    await lab.page.mouse.up();
    await lab.page.waitForTimeout(500);
    const atLast = await coloursOf("[data-screen]");
    assert.not.equal(atLast, atFirst);
    await lab.picture("09-terminal");
    await lab.page.locator("[data-kill]").click();
    const said = 'first: it has "dd b\\n\\nolá", its window at 64,54; killed: true; the last picture is its own: true';
    await cell.locator(".jp-OutputArea-output", { hasText: said }).waitFor({ timeout: 10_000 });
    assert.equal(await coloursOf(`${terminalCard} img`), atLast, "the still picture is what the canvas showed");
    assert.is(await cell.locator(".jp-OutputArea-output script").count(), 0, "what stays has no script");
    assert.is(await lab.panel.locator(".jp-Cell").count(), cells);
  },
);

reading("a terminal that is opened again shows what the killed one left, and Interrupt ends it", async () => {
  const cell = lab.codeCells.first();
  const left = await coloursOf(`${terminalCard} img`);
  await openTerminal("second");
  assert.equal(await coloursOf("[data-screen]"), left);
  await lab.menu("Kernel", "Interrupt Kernel");
  await lab.idle(10);
  await cell.locator(".jp-OutputArea-output", { hasText: /^Interrupted/ }).waitFor({ timeout: 10_000 });
  await cell.locator(".jp-OutputArea-output", { hasText: "closed because the cell was interrupted" }).waitFor();
  assert.equal(await coloursOf(`${terminalCard} img`), left);
  await lab.write(cell, 'console.log("terminals left:", deskServer.terminals, JSON.stringify(desk.text));');
  await lab.runCell();
  await cell
    .locator(".jp-OutputArea-output", { hasText: 'terminals left: 0 "dd b\\n\\nolá"' })
    .waitFor({ timeout: 10_000 });
});

reading(
  "a notebook that was saved with a terminal shows its picture when it is opened again, and nothing runs",
  async () => {
    await openTerminal("third");
    // The worst moment: what is saved now is a terminal that is open.
    await lab.menu("File", "Save Notebook");
    await until("the file has the card", () => readFileSync(notebookFile, "utf8").includes("openPageTerminal"));
    const asOpen = readFileSync(notebookFile);
    await lab.page.locator("[data-kill]").click();
    await lab.codeCells
      .first()
      .locator(".jp-OutputArea-output", { hasText: "third: it has" })
      .waitFor({ timeout: 10_000 });
    await lab.menu("File", "Save Notebook");
    await until("the file has the still card", () => !readFileSync(notebookFile, "utf8").includes("openPageTerminal"));
    const asClosed = readFileSync(notebookFile);
    for (const [how, saved] of [
      ["closed", asClosed],
      ["open", asOpen],
    ] as const) {
      writeFileSync(notebookFile, saved);
      const elsewhere: string[] = [];
      const note = (request: { url(): string }) => {
        const { protocol, port } = new URL(request.url());
        if (protocol === "http:" && port !== new URL(lab.page.url()).port) elsewhere.push(request.url());
      };
      lab.page.on("request", note);
      await lab.page.reload();
      await lab.ready();
      const picture = lab.panel.locator(`${terminalCard} img`);
      await picture.scrollIntoViewIfNeeded();
      assert.ok(await picture.isVisible(), how);
      if (how === "open")
        await lab.panel
          .locator("[data-say]", { hasText: "This page can't reach the kernel" })
          .waitFor({ timeout: 10_000 });
      assert.is(await lab.panel.locator("canvas[data-screen]:visible").count(), 0, how);
      // Its script looks once for a server that is gone.
      assert.ok(elsewhere.length <= (how === "open" ? 1 : 0), `${how}: ${elsewhere.join(" ")}`);
      lab.page.off("request", note);
      await lab.picture(`10-terminal-saved-${how}`);
    }
  },
);

reading("leads by a link to the API pages, whose search finds a name", async () => {
  const link = lab.panel.locator('a[href*="/static/api/"]').first();
  await link.scrollIntoViewIfNeeded();
  const [api] = await Promise.all([lab.page.context().waitForEvent("page"), link.click()]);
  await api.waitForLoadState();
  assert.match(api.url(), /\/static\/api\//);
  await api.locator("#tsd-search-trigger").click();
  await api.locator("#tsd-search-input").fill("ParameterError");
  await api.locator("#tsd-search-results a", { hasText: "ParameterError" }).first().click();
  await api.waitForURL(/ParameterError/);
  assert.match((await api.locator("h1").first().textContent()) ?? "", /ParameterError/);
  await new NotebookPage(api).picture("11-api");
  await api.close();
});

reading("no script of the page failed", () => assert.equal(complaints, []));

reading("Ctrl-C ends JupyterLab and its kernels, and nothing was written to the home folder", async () => {
  await start.stop();
  await nothingIsLeft(cloneFolder, 20_000);
  assert.not.ok(existsSync(path.join(home, ".jupyter")) || existsSync(path.join(home, ".local")));
});

const isFigure = ({ data }: Output): boolean =>
  data !== undefined && ("image/svg+xml" in data || String(data["text/html"] ?? "").includes("<svg"));

async function until(what: string, holds: () => boolean, limitMs = 10_000): Promise<void> {
  for (const endMs = performance.now() + limitMs; !holds(); await new Promise((resolve) => setTimeout(resolve, 50)))
    assert.ok(performance.now() < endMs, `${what}: not within ${limitMs} ms`);
}

reading.run();
