import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import {
  connectTerminal,
  Desk,
  type Framebuffer,
  type FramebufferClientOptions,
  type FramebufferEncoding,
  type FramebufferVersion,
  pixelFormats,
  serveTerminal,
  startXTerminal,
  ToolMissing,
  type XTerminal,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot, jupyterEnvironment, python } from "../../../scripts/setup/paths.mjs";
import { pythonPackages } from "../../python-packages.js";
import { withTools } from "../tools.js";
import { readXwd } from "./xwd.js";

const run = promisify(execFile);
const test = suite("terminals over real sockets");

/** What vncdotool does with its arguments, and the pixels of the picture that it took, by Pillow. */
async function vncdotool(port: number, ...commands: readonly string[]): Promise<string> {
  const packages = await pythonPackages("test", "live", "terminal", "requirements.txt");
  const env = { ...jupyterEnvironment(), PYTHONPATH: packages };
  const program = "import sys; from vncdotool.command import vncdo; sys.exit(vncdo())";
  const { stdout } = await run(python, ["-c", program, "-s", `127.0.0.1::${port}`, ...commands], {
    env,
    timeout: 60_000,
  });
  return stdout;
}

async function pixelsOf(png: string): Promise<{ width: number; height: number; rgb: Buffer }> {
  const packages = await pythonPackages("test", "live", "terminal", "requirements.txt");
  const program =
    "import sys; from PIL import Image; i = Image.open(sys.argv[1]).convert('RGB'); sys.stdout.buffer.write(b'%d %d\\n' % i.size + i.tobytes())";
  const env = { ...jupyterEnvironment(), PYTHONPATH: packages };
  const { stdout } = await run(python, ["-c", program, png], { env, encoding: "buffer", maxBuffer: 2 ** 25 });
  const end = stdout.indexOf(10);
  const [width = 0, height = 0] = stdout.subarray(0, end).toString().split(" ").map(Number);
  return { width, height, rgb: stdout.subarray(end + 1) };
}

/** How many pixels differ. */
function differing(
  framebuffer: Framebuffer,
  { width, height, rgb }: { width: number; height: number; rgb: Uint8Array },
): number {
  assert.equal([width, height], [framebuffer.width, framebuffer.height]);
  let count = 0;
  framebuffer.pixels.forEach((colour, i) => {
    const other = ((rgb[3 * i] as number) << 16) | ((rgb[3 * i + 1] as number) << 8) | (rgb[3 * i + 2] as number);
    if (colour !== other) count++;
  });
  return count;
}

test("vncdotool types, paints and moves the window at our server, and its picture is ours, pixel for pixel", async () => {
  const folder = mkdtempSync(path.join(inRoot("build"), "vncdotool-"));
  const desk = new Desk({ width: 320, height: 240 });
  const server = await serveTerminal(desk);
  try {
    const file = path.join(folder, "picture.png");
    const drag = ["move", "60", "30", "mousedown", "1", "move", "100", "60", "mouseup", "1"];
    const paint = ["move", "5", "5", "mousedown", "1", "move", "300", "200", "mouseup", "1"];
    await vncdotool(
      server.port,
      "type",
      "hello",
      "key",
      "enter",
      "type",
      "world",
      ...drag,
      ...paint,
      "pause",
      "0.3",
      "capture",
      file,
    );
    assert.is(desk.text, "hello\nworld");
    assert.not.equal([desk.window.x, desk.window.y], [24, 24]);
    assert.is(differing(desk.framebuffer, await pixelsOf(file)), 0);
    assert.ok(server.updates.length > 0);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true });
  }
});

/** Takes all updates until none has come for a while. */
async function follow(terminal: Awaited<ReturnType<typeof connectTerminal>>, quietMs = 300): Promise<Set<string>> {
  const encodings = new Set<string>();
  for (let isIncremental = false; ; isIncremental = true) {
    await terminal.request({ isIncremental });
    const update = await terminal.update({ timeoutMs: quietMs }).catch(() => undefined);
    if (!update) return encodings;
    for (const { encoding } of update.rectangles) encodings.add(encoding);
  }
}

test("a terminal that is killed in the middle of an update takes nothing with it, and its server serves the next", async () => {
  const server = await serveTerminal(new Desk({ filmPerS: 60 }));
  try {
    for (let i = 0; i < 5; i++) {
      const terminal = await connectTerminal({ port: server.port }, { encodings: ["raw"] });
      await terminal.type(String(i));
      await terminal.request({ isIncremental: false });
      terminal.kill();
    }
    const last = await connectTerminal({ port: server.port });
    await last.request({ isIncremental: false });
    assert.ok(await last.update());
    assert.is(server.application.text, "01234");
    for (let i = 0; server.terminals > 1; i++) {
      assert.ok(i < 100, `${server.terminals} terminals are still there`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    last.end();
  } finally {
    await server.close();
  }
});

test("whoever speaks no RFB, or says nothing, is let go or left alone, and the others are served", async () => {
  const server = await serveTerminal(new Desk());
  const silent = connect(server.port, "127.0.0.1");
  const stranger = connect(server.port, "127.0.0.1");
  try {
    const gone = new Promise((resolve) => stranger.on("error", () => undefined).once("close", resolve));
    stranger.resume();
    stranger.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await gone;
    const terminal = await connectTerminal({ port: server.port });
    await terminal.request({ isIncremental: false });
    assert.ok(await terminal.update());
  } finally {
    silent.destroy();
    await server.close();
  }
});

// A real server with a real program; whoever has none skips what follows.
let real: XTerminal | undefined;
const onXvnc = await withTools(
  test,
  startXTerminal({ width: 400, height: 300, command: ["xterm", "-geometry", "64x22+0+0", "-e", "sh"] }).then(
    (started) => {
      real = started;
    },
  ),
);
test.after(async () => real?.close());

const spoken: readonly (readonly [FramebufferEncoding, FramebufferClientOptions["format"], FramebufferVersion])[] = [
  ["raw", undefined, "3.3"],
  ["rre", undefined, "3.7"],
  ["hextile", undefined, "3.8"],
  ["zrle", undefined, "3.8"],
  ["hextile", pixelFormats.rgb565, "3.8"],
  ["zrle", { ...pixelFormats.rgb888, isBigEndian: true }, "3.8"],
];

onXvnc(
  "our terminal reads Xvnc in every encoding and several formats, and shows what xwd reads from the X server",
  async () => {
    const { path: socket, env } = real as XTerminal;
    const typing = await connectTerminal({ path: socket });
    await typing.type("ls -l / | head -5; echo typed at our terminal\n");
    await follow(typing);
    typing.end();
    for (const [encoding, format, version] of spoken) {
      const terminal = await connectTerminal(
        { path: socket },
        { encodings: [encoding, "copyRect"], version, ...(format ? { format } : {}) },
      );
      const seen = await follow(terminal);
      assert.ok(seen.has(encoding), `${[...seen]} where ${encoding} was asked for`);
      const { stdout } = await run("xwd", ["-root", "-silent"], {
        env: { ...process.env, ...env },
        encoding: "buffer",
        maxBuffer: 2 ** 25,
      });
      const differs = differing(terminal.picture, readXwd(stdout, format));
      // xterm's caret may blink between the two looks.
      assert.is(differs, 0, `${encoding}: ${differs} pixels differ`);
      terminal.end();
    }
  },
);

onXvnc("a picture that scrolls at Xvnc travels as copies too, and comes out right", async () => {
  const { path: socket, env } = real as XTerminal;
  const terminal = await connectTerminal({ path: socket });
  await follow(terminal);
  await terminal.type("i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); done\n");
  const seen = await follow(terminal);
  const { stdout } = await run("xwd", ["-root", "-silent"], {
    env: { ...process.env, ...env },
    encoding: "buffer",
    maxBuffer: 2 ** 25,
  });
  assert.is(differing(terminal.picture, readXwd(stdout)), 0);
  assert.ok(seen.size > 0);
  terminal.end();
});

onXvnc(
  "Xvnc's socket is for its user alone, its display asks for a secret, and nothing is left of it when it is closed",
  async () => {
    const other = await startXTerminal({ width: 200, height: 100 });
    const folder = path.dirname(other.path);
    const { XAUTHORITY = "", ...env } = { ...process.env, ...other.env };
    assert.ok(XAUTHORITY.startsWith(folder));
    const refused = await run("xwd", ["-root", "-silent"], { env: { ...env, XAUTHORITY: "/dev/null" } }).then(
      () => "let in",
      (error: { stderr: string }) => error.stderr,
    );
    assert.match(refused, /[Aa]uthorization required|unable to open display/);
    await other.close();
    assert.not.ok(existsSync(folder));
  },
);

onXvnc("a program that is not installed is named, and what to install", async () => {
  try {
    await startXTerminal({ command: ["no-such-program-here"] });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ToolMissing);
    assert.match((error as Error).message, /no-such-program-here can't be started: on Debian and Ubuntu, apt install/);
  }
});

const withViewer = await withTools(
  test,
  startXTerminal({ command: ["xtigervncviewer", "-h"] }).then((screen) => screen.close()),
);

/** Where a picture stands in another, or undefined. */
function placeOf(part: Framebuffer, whole: Framebuffer): { x: number; y: number } | undefined {
  for (let y = 0; y <= whole.height - part.height; y++)
    for (let x = 0; x <= whole.width - part.width; x++)
      if (
        part.pixels.every(
          (colour, i) => colour === whole.pixels[(y + Math.floor(i / part.width)) * whole.width + x + (i % part.width)],
        )
      )
        return { x, y };
  return undefined;
}

withViewer(
  "TigerVNC's viewer shows our server's screen, pixel for pixel, and brings its mouse to the program",
  async () => {
    // The viewer runs on a real Xvnc, at which a terminal of ours looks: what it sees is what somebody before the viewer sees.
    const home = mkdtempSync(path.join(inRoot("build"), "viewer-"));
    const desk = new Desk({ width: 320, height: 240 });
    const server = await serveTerminal(desk);
    const settings = ["-SecurityTypes=None", "-RemoteResize=0", "-MenuKey=", "-ReconnectOnError=0"];
    const viewer = ["xtigervncviewer", ...settings, `127.0.0.1::${server.port}`] as const;
    const screen = await startXTerminal({ width: 400, height: 300, command: ["env", `HOME=${home}`, ...viewer] });
    try {
      const eye = await connectTerminal(screen);
      const seen = async () => {
        for (const endMs = performance.now() + 20_000; performance.now() < endMs; ) {
          await follow(eye);
          const place = placeOf(desk.framebuffer, eye.picture);
          if (place) return place;
        }
        throw new Error("the viewer does not show the server's screen");
      };
      const { x, y } = await seen();
      const before = { ...desk.window };
      // Moves the window by its title, then paints.
      for (const [buttons, atX, atY] of [
        [0, 60, 30],
        [1, 60, 30],
        [1, 90, 50],
        [0, 90, 50],
        [1, 5, 5],
        [1, 300, 200],
        [0, 300, 200],
      ] as const) {
        await eye.input({ kind: "pointer", buttons, x: x + atX, y: y + atY });
        await new Promise((resolve) => setTimeout(resolve, 100)); // a viewer puts moves that follow at once together
      }
      for (let i = 0; desk.window.x !== before.x + 30; i++) {
        assert.ok(i < 200, `the window stands at ${desk.window.x}, ${desk.window.y}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.is(desk.window.y, before.y + 20);
      assert.equal(await seen(), { x, y });
    } finally {
      await screen.close();
      await server.close();
      rmSync(home, { recursive: true });
    }
  },
);

test.run();
