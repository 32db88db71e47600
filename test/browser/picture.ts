// `npm run picture`: the README's picture, docs/start-here.png, from notebook 00 as a reader sees it after a run.
import path from "node:path";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { cloneFolder, makeClone, readersEnvironment } from "../setup/checkout.js";
import { NpmStart } from "../setup/npm-start.js";
import { openBrowser } from "./browser.js";
import { NotebookPage } from "./notebook-page.js";

makeClone(cloneFolder);
const home = path.join(cloneFolder, "..", "an empty home");
const start = NpmStart.run(cloneFolder, readersEnvironment(home), ["--port", "0"]);
try {
  const { url } = await start.url();
  const browser = await openBrowser(inRoot("build", "browser"));
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, deviceScaleFactor: 1.5 });
  await page.goto(url);
  const lab = new NotebookPage(page);
  await lab.ready();
  await lab.runAll(120);
  await page.keyboard.press("ControlOrMeta+b"); // the file list
  const cell = lab.codeCells.filter({ hasText: "overlay({" }).first();
  const figure = cell.locator(".jp-OutputArea-output").first();
  // Cells above take their height only when they have been near the window: the first try stops short.
  for (let i = 0; i < 3; i++) {
    await figure.evaluate((element) => element.scrollIntoView({ block: "end" }));
    await page.waitForTimeout(1000);
  }
  await page.screenshot({ path: inRoot("docs", "start-here.png") });
  await browser.close();
  console.log("docs/start-here.png");
} finally {
  await start.stop();
}
