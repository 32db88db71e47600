import {
  Desk,
  type LiveTerminalServer,
  serveTerminal,
  type TerminalUse,
  type UseTerminalOptions,
  useTerminal,
} from "kernel-lib";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { openBrowser } from "./browser.js";

const using = suite("a program at the server is used from a browser page");
let browser: Browser;
let page: Page;
let server: LiveTerminalServer<Desk>;
const complaints: string[] = [];

using.before(async () => {
  browser = await openBrowser(inRoot("build", "browser"), { own: process.env.OWN_BROWSER === "1" });
  page = await browser.newPage({ viewport: { width: 900, height: 700 } });
  page.on("pageerror", (error) => complaints.push(String(error)));
  server = await serveTerminal(new Desk({ width: 320, height: 240 }));
});
using.after(async () => {
  await server?.close();
  await browser?.close();
});

/** Opens a terminal in the page; `act` is done when the picture is there. */
async function use(act: () => Promise<void>, options: UseTerminalOptions = {}): Promise<TerminalUse> {
  let acting: Promise<void> = Promise.resolve();
  const show = (html: string) => {
    acting = page.setContent(`<body>${html}</body>`).then(async () => {
      await page.locator("[data-say]", { hasText: /updates/ }).waitFor({ timeout: 60_000 });
      await act();
    });
    // What fails must not leave the terminal open.
    acting.catch(() => page.setContent(""));
  };
  const used = await useTerminal({ port: server.port }, { show, takeMs: 60_000, untouchedMs: 60_000, ...options });
  await acting;
  return used;
}

/** The colours on the page's canvas, as the page has them. */
const canvas = (): Promise<{ width: number; height: number; colours: number[] }> =>
  page.evaluate(`(() => {
    const screen = document.querySelector("[data-screen]");
    const { data } = screen.getContext("2d").getImageData(0, 0, screen.width, screen.height);
    const colours = [];
    for (let i = 0; i < data.length; i += 4) colours.push((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return { width: screen.width, height: screen.height, colours };
  })()`);

/** Waits until the canvas is the server's screen, pixel for pixel. */
async function sameAsServer(): Promise<void> {
  let differs = -1;
  for (const endMs = performance.now() + 20_000; performance.now() < endMs; await page.waitForTimeout(50)) {
    const { width, height, colours } = await canvas();
    assert.equal([width, height], [320, 240]);
    differs = colours.filter((colour, i) => colour !== server.application.framebuffer.pixels[i]).length;
    if (differs === 0) return;
  }
  assert.unreachable(`${differs} pixels of the canvas are not the server's`);
}

const kill = () => page.locator("[data-kill]").click();

using(
  "keys and mouse go to the server, and the canvas shows its screen, pixel for pixel, in every encoding",
  async () => {
    const used = await use(async () => {
      await page.locator("[data-keys]").click({ position: { x: 200, y: 200 } });
      await page.keyboard.type("Olá, não está aqui!");
      await page.keyboard.press("Enter");
      await page.keyboard.type("dd");
      await page.keyboard.press("Backspace");
      await sameAsServer();
      assert.is(server.application.text, "Olá, não está aqui!\nd");
      const box = (await page.locator("[data-keys]").boundingBox()) as { x: number; y: number };
      const { window } = server.application;
      await page.mouse.move(box.x + window.x + 100, box.y + window.y + 6);
      await page.mouse.down();
      await page.mouse.move(box.x + window.x + 160, box.y + window.y + 40, { steps: 5 });
      await page.mouse.up();
      await sameAsServer();
      assert.not.equal([server.application.window.x, server.application.window.y], [24, 24]);
      for (const encoding of ["raw", "rre", "hextile", "zrle"]) {
        const before = server.updates.length;
        await page.locator("[data-encoding]").selectOption(encoding);
        const isSent = () =>
          server.updates.slice(before).some(({ rectangles }) => rectangles[0]?.encoding === encoding);
        for (let i = 0; !isSent(); i++) {
          assert.ok(i < 200, `nothing came in ${encoding}`);
          await page.waitForTimeout(50);
        }
        await sameAsServer();
      }
      await kill();
    });
    assert.ok(used.opened && used.touches > 0 && used.downBytes > 320 * 240 * 4 && used.upBytes > 0);
    assert.match(used.reason, "it was killed");
    assert.ok(used.picture?.equals(server.application.framebuffer));
  },
);

using("the terminal is killed and opened again, and nothing is lost, since nothing was there", async () => {
  const text = server.application.text;
  const again = await use(async () => {
    await sameAsServer();
    await page.locator("[data-keys]").focus();
    await page.keyboard.type("!");
    await sameAsServer();
    await kill();
  });
  assert.ok(again.opened);
  assert.is(server.application.text, `${text}!`);
});

using("a page that is closed closes its terminal, and the program goes on", async () => {
  const doomed = await browser.newPage();
  const closed = await useTerminal(
    { port: server.port },
    {
      takeMs: 60_000,
      untouchedMs: 60_000,
      show: (html) => {
        void doomed.setContent(`<body>${html}</body>`).then(async () => {
          await doomed.locator("[data-say]", { hasText: /updates/ }).waitFor();
          await doomed.close();
        });
      },
    },
  );
  assert.ok(closed.opened);
  assert.match(closed.reason, "its page was closed");
  for (let i = 0; server.terminals > 0; i++) {
    assert.ok(i < 100, `${server.terminals} terminals are still there`);
    await page.waitForTimeout(20);
  }
});

using("a terminal that nobody touches is closed after a while", async () => {
  const left = await use(async () => {}, { untouchedMs: 300 });
  assert.match(left.reason, "nobody touched it for 0.3 s");
});

using("where no script runs, a still picture is there, and the cell goes on after the limit", async () => {
  const shown: string[] = [];
  const nobody = await useTerminal({ port: server.port }, { takeMs: 200, show: (html) => void shown.push(html) });
  assert.not.ok(nobody.opened);
  assert.match(nobody.reason, "no page opened it within 0.2 s");
  assert.ok(nobody.picture?.equals(server.application.framebuffer));
  await page.setContent(`<body>${shown[0]}</body>`);
  await page.locator("[data-say]", { hasText: "This page can't reach the kernel" }).waitFor();
  const still = page.locator("[data-still] img");
  assert.ok(await still.isVisible());
  const size = await page.evaluate(
    `(() => { const { naturalWidth, naturalHeight } = document.querySelector("[data-still] img"); return [naturalWidth, naturalHeight]; })()`,
  );
  assert.equal(size, [320, 240]);
});

using("a server that is not there is named", async () => {
  const gone = await serveTerminal(new Desk());
  await gone.close();
  try {
    await useTerminal(gone);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).name, "ConnectionRefused");
    assert.match((error as Error).message, `nobody listens at port ${gone.port} of 127.0.0.1`);
  }
});

using("no script of the page failed", () => assert.equal(complaints, []));

using.run();
