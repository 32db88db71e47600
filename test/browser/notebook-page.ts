import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import { inRoot } from "../../scripts/setup/paths.mjs";

interface KernelModel {
  readonly last_activity: string;
  readonly execution_state: string;
  readonly connections: number;
}

/** A notebook in JupyterLab, driven by what a reader sees and clicks. */
export class NotebookPage {
  constructor(readonly page: Page) {}

  /** The notebook in front. */
  get panel(): Locator {
    return this.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)");
  }

  get codeCells(): Locator {
    return this.panel.locator(".jp-CodeCell");
  }

  /** Waits until the notebook is drawn and its kernel is ready. */
  async ready(limitS = 60): Promise<void> {
    await this.panel
      .locator(".jp-Cell")
      .first()
      .waitFor({ timeout: limitS * 1000 });
    // JupyterLab draws one empty cell, and says idle, before it has read the notebook and is connected to a kernel.
    const connected = async () => {
      const kernel = await this.kernel();
      return kernel?.execution_state === "idle" && kernel.connections > 0;
    };
    for (const endMs = performance.now() + limitS * 1000; !(await connected()); await this.page.waitForTimeout(100))
      if (performance.now() > endMs) throw new Error(`the kernel was not ready within ${limitS} s`);
    await this.idle(limitS);
  }

  /** Waits until the kernel has nothing left to do. */
  async idle(limitS: number): Promise<void> {
    const state = this.panel.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]');
    await state.waitFor({ state: "attached", timeout: limitS * 1000 });
  }

  /** Waits for a kernel that starts anew. */
  async restarted(limitS: number): Promise<void> {
    const notIdle = this.panel.locator('.jp-Notebook-ExecutionIndicator:not([data-status="idle"])');
    // A start too short to be seen is over.
    await notIdle.waitFor({ state: "attached", timeout: 5000 }).catch(() => undefined);
    await this.idle(limitS);
  }

  /** Runs all cells and waits for the last: no cell shows a star any more and the kernel is idle for a second. */
  async runAll(limitS: number): Promise<void> {
    await this.menu("Edit", "Clear Outputs of All Cells");
    await this.menu("Run", "Run All Cells");
    const [, count = ""] = /(\d+)$/.exec((await this.cellInFront.textContent()) ?? "") ?? [];
    await this.cellInFront.filter({ hasText: `Cell ${count}/${count}` }).waitFor({ timeout: 20_000 });
    let idleSinceMs = performance.now();
    for (const endMs = idleSinceMs + limitS * 1000; performance.now() < endMs; await this.page.waitForTimeout(100)) {
      const waiting = await this.panel.locator(".jp-InputPrompt", { hasText: "*" }).count();
      if (waiting > 0 || (await this.kernel())?.execution_state !== "idle") idleSinceMs = performance.now();
      if (performance.now() - idleSinceMs > 1000) return;
    }
    throw new Error(`the cells did not end within ${limitS} s`);
  }

  /** "Cell 3/29" in the status bar. */
  private get cellInFront(): Locator {
    return this.page.locator(".jp-StatusBar-Right").getByText(/^Cell \d+\/\d+$/);
  }

  private async kernel(): Promise<KernelModel | undefined> {
    const answer = await this.page.request.get(new URL("/api/kernels", this.page.url()).href);
    return ((await answer.json()) as KernelModel[])[0];
  }

  /** Waits until the kernel works: only for cells that work long enough to be seen. */
  async busy(limitS: number): Promise<void> {
    const state = this.panel.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]');
    await state.waitFor({ state: "attached", timeout: limitS * 1000 });
  }

  /** Clicks through the menu bar, as in `menu("Run", "Run All Cells")`. */
  async menu(...names: readonly string[]): Promise<void> {
    const [top = "", ...items] = names;
    await this.page.locator(".lm-MenuBar-item", { hasText: new RegExp(`^${top}$`) }).click();
    for (const item of items)
      await this.page.locator(".lm-Menu-item:not(.lm-mod-disabled)", { hasText: item }).first().click();
  }

  /** Presses a dialog's accepting button. */
  async accept(): Promise<void> {
    await this.page.locator(".jp-Dialog-button.jp-mod-accept").click();
  }

  /** Replaces a code cell's text as typing does, brackets as typed. */
  async write(cell: Locator, text: string): Promise<void> {
    const editor = cell.locator(".cm-content");
    await editor.scrollIntoViewIfNeeded();
    await editor.click();
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.press("Delete");
    await this.page.keyboard.insertText(text);
  }

  /** Runs the cell in which the cursor is and stays in it. */
  async runCell(): Promise<void> {
    await this.page.keyboard.press("Control+Enter");
  }

  /** A picture for somebody to look at, in build/screenshots. */
  async picture(name: string): Promise<void> {
    const folder = inRoot("build", "screenshots");
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }
}
