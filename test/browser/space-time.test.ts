import { type Host, on, scenario, simulate, spaceTime } from "kernel-lib";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";
import { openBrowser } from "./browser.js";

const stepping = suite("the buttons of a space-time diagram");

const server = async (host: Host) => {
  const listener = await host.listen(7);
  for (;;) {
    const connection = await listener.accept();
    const message = await connection.receive();
    await host.compute(20);
    await connection.send(message);
    connection.end();
  }
};
const client = async (host: Host) => {
  const connection = await host.connect("server", 7);
  await connection.send(host.name);
  await connection.receive();
};
/** Three requests reach the server at 15 ms; those of bruno and carla wait there until 35 and 55 ms. */
const threeClients = () =>
  simulate(
    scenario({
      hosts: { server: {}, ana: {}, bruno: {}, carla: {} },
      network: { latencyMs: 5 },
      programs: {
        server: on("server", server).daemon(),
        responseMs: [on("ana", client), on("bruno", client), on("carla", client)],
      },
    }),
    { seed: 1 },
  );

let browser: Browser;
let page: Page;
const complaints: string[] = [];

stepping.before(async () => {
  browser = await openBrowser(inRoot("build", "browser"), { own: process.env.OWN_BROWSER === "1" });
  page = await browser.newPage({ viewport: { width: 900, height: 700 } });
  page.on("pageerror", (error) => complaints.push(String(error)));
});
stepping.after(async () => browser?.close());
stepping.before.each(async () => {
  await show(spaceTime(await threeClients()).html());
});

const show = (html: string) => page.setContent(`<body data-jp-theme-light="true">${html}</body>`);
const button = (action: string) => page.locator(`[data-do="${action}"]`);
const said = () =>
  page
    .locator("output")
    .textContent()
    .then((text) => text ?? "");
const count = (selector: string) => page.locator(selector).count();
async function stepTo(text: RegExp): Promise<string> {
  await button("first").click();
  for (let i = 0; i < 100; i++) {
    await button("next").click();
    const now = await said();
    if (text.test(now)) return now;
  }
  throw new Error(`no step says ${text}`);
}

stepping("forward from everything begins with the first event, and back leads before it", async () => {
  assert.match(await said(), /^All \d+ events/);
  assert.is(await count(".handoff-later"), 0);
  await button("next").click();
  assert.match(await said(), /^1 of \d+ · 0 ms · server starts$/);
  assert.ok((await count(".handoff-message.handoff-later")) === 8, "no message is sent yet");
  await button("back").click();
  assert.is(await said(), "Before the first event.");
  assert.ok(await button("back").isDisabled());
});

stepping("forward goes through all events in time order to the whole diagram", async () => {
  const [, total] = (/^All (\d+) events/.exec(await said()) ?? []).map(Number);
  await button("first").click();
  let before = -1;
  for (let step = 1; step <= (total ?? 0); step++) {
    await button("next").click();
    const [, at, timeMs] = (/^(\d+) of \d+ · ([\d.]+) ms/.exec(await said()) ?? []).map(Number);
    assert.is(at, step);
    assert.ok((timeMs as number) >= before);
    before = timeMs as number;
  }
  await button("next").click();
  assert.match(await said(), /^All/);
});

stepping("a message is under way from its send to its arrival, then waits, then is taken", async () => {
  await stepTo(/carla sends/);
  assert.is(await count(".handoff-flying .handoff-flight"), 3);
  const request = page.locator(".handoff-message:not(.handoff-wait)", {
    has: page.locator("title", { hasText: /responseMs\[2\] → server/ }),
  });
  const wait = page.locator(".handoff-wait", { has: page.locator("title", { hasText: /from carla/ }) });
  const classes = async () => [await request.getAttribute("class"), await wait.getAttribute("class")];
  assert.equal(await classes(), [
    "handoff-message handoff-flying handoff-current",
    "handoff-message handoff-wait handoff-later",
  ]);
  await stepTo(/from carla reaches server and waits/);
  assert.equal(await classes(), [
    "handoff-message handoff-current",
    "handoff-message handoff-wait handoff-flying handoff-current",
  ]);
  await stepTo(/receives "carla" from carla, which waited for 40 ms/);
  assert.equal(await classes(), ["handoff-message", "handoff-message handoff-wait handoff-current"]);
});

stepping("the other end of a message is its arrival, then its receipt, then its send again", async () => {
  const send = await stepTo(/carla sends/);
  await button("other").click();
  assert.match(await said(), /· 15 ms · "carla" from carla reaches server/);
  await button("other").click();
  assert.match(await said(), /· 55 ms · server receives "carla"/);
  await button("other").click();
  assert.is(await said(), send);
  await stepTo(/computes|starts to compute/);
  assert.ok(await button("other").isDisabled(), "work has no other end");
});

stepping("a click on an arrow goes to its send, and the arrow keys step from there", async () => {
  const reply = page.locator(".handoff-message", {
    has: page.locator("title", { hasText: /server → responseMs\[0\]/ }),
  });
  await reply.first().locator("path").first().click({ force: true });
  assert.match(await said(), /· 35 ms · server sends "ana"/);
  await page.keyboard.press("ArrowRight");
  assert.match(await said(), /· 35 ms · server receives "bruno"/);
  await page.keyboard.press("ArrowLeft");
  assert.match(await said(), /server sends "ana"/);
  await page.keyboard.press("End");
  assert.match(await said(), /^All/);
  await page.keyboard.press("Home");
  assert.is(await said(), "Before the first event.");
});

stepping("the line of the present stands at the event's height", async () => {
  const heightOf = async () => {
    const line = await page.locator(".handoff-now").getAttribute("d");
    return Number(/M48,([\d.]+)H/.exec(line ?? "")?.[1]);
  };
  await stepTo(/ana sends/);
  const sentY = await heightOf();
  await stepTo(/reaches server and waits/);
  const arrivedY = await heightOf();
  await stepTo(/which waited for 20 ms/);
  const takenY = await heightOf();
  assert.ok(sentY < arrivedY && arrivedY < takenY, `${sentY}, ${arrivedY}, ${takenY}`);
  // 5 ms on the way, 20 ms of waiting, to scale.
  assert.ok(Math.abs((takenY - arrivedY) / (arrivedY - sentY) - 4) < 0.1);
  await button("all").click();
  assert.is(await page.locator(".handoff-now").getAttribute("d"), "");
});

stepping("a host that is switched off takes its messages and waits along, and they come back", async () => {
  const hidden = () => count(".handoff-message.handoff-hidden");
  assert.is(await hidden(), 0);
  await page.locator('input[value="carla"]').uncheck();
  assert.is(await hidden(), 3); // request, its wait, reply
  assert.is(await count(".handoff-lane.handoff-hidden"), 1);
  assert.not.ok(await page.locator(".handoff-message.handoff-hidden").first().isVisible());
  await page.locator('input[value="server"]').uncheck();
  assert.is(await hidden(), 8);
  for (const host of ["carla", "server"]) await page.locator(`input[value="${host}"]`).check();
  assert.is(await hidden(), 0);
});

stepping("two copies of one diagram step on their own", async () => {
  const html = spaceTime(await threeClients()).html();
  await show(html + html);
  await page.locator('[data-do="next"]').first().click();
  const texts = await page.locator("output").allTextContents();
  assert.match(texts[0] ?? "", /^1 of/);
  assert.match(texts[1] ?? "", /^All/);
});

stepping("no label touches another and nothing is cut off, at 700 and 900 pixels", async () => {
  const crowd = ["server", ...Array.from({ length: 6 }, (_v, i) => `a-client-with-a-long-name-${i}`)];
  const many = await simulate(
    scenario({
      hosts: Object.fromEntries(crowd.map((name) => [name, {}])) as Record<string, object>,
      programs: { server: on("server", server).daemon(), responseMs: crowd.slice(1).map((name) => on(name, client)) },
    }),
  );
  for (const width of [700, 900])
    for (const run of [await threeClients(), many])
      for (const time of ["down", "right"] as const) {
        await page.setViewportSize({ width, height: 700 });
        await show(spaceTime(run, { time }).html());
        assert.equal(await faultsOfLabels(), [], `${time} at ${width}`);
      }
});

interface Label {
  readonly text: string | null;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

async function faultsOfLabels(): Promise<string[]> {
  const drawing = (await page.locator("svg").boundingBox()) as Label["box"];
  const found = await page.locator(".handoff-lane text").all();
  const labels = await Promise.all(
    found.map(async (one) => ({ text: await one.textContent(), box: (await one.boundingBox()) as Label["box"] })),
  );
  const shared = (from: number, long: number, otherFrom: number, otherLong: number) =>
    Math.min(from + long, otherFrom + otherLong) - Math.max(from, otherFrom);
  // Boxes are as high as the font's tallest letters, so those of two lines touch a little.
  const touch = ({ box: a }: Label, { box: b }: Label) =>
    shared(a.x, a.width, b.x, b.width) > 0 && shared(a.y, a.height, b.y, b.height) > 3;
  const isCut = ({ box }: Label) => box.x < drawing.x - 1 || box.x + box.width > drawing.x + drawing.width + 1;
  const viewport = page.viewportSize()?.width ?? 0;
  return [
    ...labels.flatMap((a, i) => labels.slice(i + 1).flatMap((b) => (touch(a, b) ? [`${a.text} over ${b.text}`] : []))),
    ...labels.filter(isCut).map(({ text }) => `${text} is cut`),
    ...(drawing.x + drawing.width > viewport ? [`the drawing ends at ${drawing.x + drawing.width}`] : []),
  ];
}

stepping("no script of the page failed", () => assert.equal(complaints, []));

stepping.run();
