import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import {
  dataset,
  openXDisplay,
  startXScreen,
  ToolMissing,
  withXLab,
  type XClientConnection,
  type XSent,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { withTools } from "../tools.js";

const test = suite("live: X");
const withX = await withTools(
  test,
  withXLab((lab) => lab.start(["xlogo"])),
);
const withXtrace = await withTools(
  test,
  withXLab((lab) => lab.start(["xtrace", "--help"])).catch((error: Error) => {
    if (error instanceof ToolMissing) throw error; // else it is there, and has drawn nothing
  }),
);

/** Draws with rectangles, polygons, text and images, and reads the window back. */
async function drawn(client: XClientConnection): Promise<Uint8Array> {
  const [{ root } = { root: 0 }] = client.setup.screens;
  const [window, gc, font] = [client.newId(), client.newId(), client.newId()];
  const on = { drawable: window, gc };
  const area = { x: 0, y: 0, width: 100, height: 80 };
  const shape = { ...area, borderWidth: 0, windowClass: 1, visual: 0 };
  await client.request("CreateWindow", {
    depth: 24,
    window,
    parent: root,
    ...shape,
    values: { backgroundPixel: 0xffffff },
  });
  await client.request("MapWindow", { window });
  await client.request("OpenFont", { font, name: "fixed" });
  await client.request("CreateGC", { gc, drawable: window, values: { foreground: 0x2040ff, background: 0xff, font } });
  await client.request("PolyFillRectangle", { ...on, rectangles: [{ x: 3, y: 4, width: 20, height: 9 }] });
  const corners = [
    { x: 40, y: 3 },
    { x: 70, y: 20 },
    { x: 31, y: 33 },
  ];
  await client.request("FillPoly", { ...on, shape: 2, relative: false, points: corners });
  await client.request("PolySegment", { ...on, segments: [{ x1: 5, y1: 40, x2: 60, y2: 40 }] });
  await client.request("ImageText8", { length: 3, ...on, x: 5, y: 60, text: Uint8Array.of(65, 98, 57) });
  const image = Uint8Array.from({ length: 400 }, (_, i) => (i % 4 === 3 ? 0 : (7 * i) & 0xff));
  await client.request("PutImage", {
    format: 2,
    ...on,
    x: 80,
    y: 60,
    width: 10,
    height: 10,
    leftPad: 0,
    depth: 24,
    image,
  });
  await client.request("ChangeGC", { gc, values: { function: 6 } });
  await client.request("PolyFillRectangle", { ...on, rectangles: [{ x: 10, y: 8, width: 50, height: 40 }] });
  const answer = await client.ask("GetImage", { format: 2, drawable: window, ...area, planeMask: 0xffffff });
  return answer.image;
}

withX(
  "our display draws as X.Org's does: rectangles, polygons, lines, text, images and XOR, pixel for pixel",
  async () => {
    const picture = (server: "Xvfb" | "ours") =>
      withXLab((lab) => lab.client(async (connection, cookie) => drawn(await openXDisplay(connection, { cookie }))), {
        server,
      });
    const [theirs, ours] = [await picture("Xvfb"), await picture("ours")];
    const colours = (image: Uint8Array) =>
      Array.from({ length: 8000 }, (_, i) => [...image.subarray(4 * i, 4 * i + 3)].join());
    const [there, here] = [colours(theirs), colours(ours)];
    const different = here.flatMap((colour, i) => (colour === there[i] ? [] : [`${i % 100},${Math.floor(i / 100)}`]));
    assert.equal(different, []);
  },
);

test("recorded programs draw on a display that they have never seen, and go on from where they were", async () => {
  const screen = await startXScreen({ width: 640, height: 600 });
  const { rows } = dataset<XSent & { stage: string }>("x-programs");
  const replay = (stage: string) => screen.replay(rows.filter((row) => row.stage === stage));
  try {
    replay("start");
    assert.equal(screen.display.windows.map(({ name }) => name).sort(), ["Calculator", "xclock", "xeyes", "xlogo"]);
    const eyes = { x: 181, y: 21, width: 200, height: 140 };
    replay("left");
    const left = [...screen.display.screen.read(eyes)];
    replay("right");
    const moved = screen.display.screen.read(eyes).filter((colour, i) => colour !== left[i]).length;
    assert.ok(moved > 100, `${moved} pixels of the eyes have changed`);
  } finally {
    await screen.close();
  }
});

withX("real programs draw on our display, and their windows go when they end; a stranger is not let in", async () => {
  const screen = await startXScreen({ width: 300, height: 200 });
  const logo = await screen.start("xlogo");
  await screen.settled({ windows: 1 });
  assert.equal(
    screen.display.windows.map(({ name }) => name),
    ["xlogo"],
  );
  assert.ok([...screen.display.screen.pixels].filter((pixel) => pixel === 0).length > 500);
  const stranger = spawn("xlogo", [], {
    env: { ...process.env, DISPLAY: screen.name, XAUTHORITY: "/dev/null" },
    stdio: "ignore",
  });
  const [code] = await once(stranger, "exit");
  assert.is(code, 1);
  assert.is(screen.display.windows.length, 1);
  await screen.close();
  const { code: ended } = await logo.ended;
  assert.is(ended, 1, "a program of X ends with its display");
});

withX("the tap counts of xlogo what is known of it, and as many round trips through our display's delay", async () => {
  await withXLab(async (lab) => {
    const { count, roundTrips, rows } = await lab.start(["xlogo"], { roundTripMs: 20 });
    assert.is(count.requests, rows.length - 1);
    assert.is(count.replies, rows.filter(({ answer }) => answer === "reply").length - 1);
    assert.is(
      count.bytesOut,
      rows.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    assert.ok(roundTrips >= count.replies - 1 && roundTrips <= count.replies + 1, `${roundTrips} of ${count.replies}`);
  });
});

/** What Debian's xtrace writes: requests and replies with their numbers and sizes. */
function readXtrace(text: string) {
  const requests = [...text.matchAll(/^000:<:([0-9a-f]{4}): *(\d+): (?:Request\(\d+\): (\w+)|[\w-]+-Request)/gm)];
  const replies = [...text.matchAll(/^000:>:([0-9a-f]{4}): ?(\d+): Reply to /gm)];
  const number = (hex = "") => Number.parseInt(hex, 16);
  return {
    requests: requests.map(([, hex, bytes, name]) => ({ sequence: number(hex), bytes: Number(bytes), name })),
    replies: replies.map(([, hex, bytes]) => ({ sequence: number(hex), bytes: Number(bytes) })),
  };
}

withXtrace(
  "the tap and xtrace, another's, agree on every request and reply of a real program, and on its bytes",
  async () => {
    const folder = mkdtempSync(path.join(inRoot("build"), "xtrace-"));
    const file = path.join(folder, "trace");
    const display = 1000 + (process.pid % 20_000);
    try {
      const { count, rows } = await withXLab((lab) =>
        lab.start(["xtrace", "-n", "-s", "-o", file, "-D", `:${display}`, "--", "xcalc"]),
      );
      const theirs = readXtrace(readFileSync(file, "latin1"));
      const ours = rows.slice(1); // without the set-up, which has no number
      assert.ok(theirs.requests.length > 200, `${theirs.requests.length} requests`);
      assert.equal(
        ours.map(({ sequence, bytes, request }, i) => ({
          sequence,
          bytes,
          // Requests of extensions have their own names there.
          name: theirs.requests[i]?.name === undefined ? undefined : request,
        })),
        theirs.requests,
      );
      assert.equal(
        ours
          .filter(({ answer }) => answer === "reply")
          .map(({ sequence, answerBytes }) => ({ sequence, bytes: answerBytes })),
        theirs.replies,
      );
      assert.is(count.requests, theirs.requests.length);
      const setUpBytes = rows[0]?.bytes ?? 0;
      assert.is(
        count.bytesOut,
        theirs.requests.reduce((sum, { bytes }) => sum + bytes, setUpBytes),
      );
    } finally {
      rmSync(folder, { recursive: true });
      rmSync(`/tmp/.X11-unix/X${display}`, { force: true }); // xtrace leaves it
    }
  },
);

test.run();
