import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { checkNonNegative, checkWhole, refuse } from "../../../errors.js";
import { type ByteConnection, openXDisplay } from "../../../interfaces/index.js";
import type { XTrafficCount, XTrafficRow } from "../../../protocol/index.js";
import { startXClient } from "./sockets.js";
import { startXTap, type XTap, type XTapOptions } from "./tap.js";
import { startXScreen } from "./x-screen.js";
import { startXvfb } from "./xvfb.js";

/** A real display, which can be asked for measurements. */
export interface XLab {
  /**
   * Starts a program with its window on the real display, through a tap, and waits for the first drawing in a window.
   *
   * @throws {@link ToolMissing} if it is not installed; Error if nothing is drawn within 60 s.
   */
  start(command: readonly [string, ...string[]], options?: XTapOptions): Promise<XStart>;
  /** Lends a client of ours, through a tap, and what passed. */
  client<R>(use: (connection: ByteConnection, cookie: Uint8Array) => Promise<R>, options?: XTapOptions): Promise<R>;
  /** The time of a round trip through a tap, in ms: the middle one of `times`, 11 unless told. */
  roundTripMs(options?: XTapOptions & { readonly times?: number }): Promise<number>;
}

/** How a program started. */
export interface XStart {
  /** From the first byte that the program sent to the display until its first drawing in a window left it. */
  readonly firstDrawingMs: number;
  /** Round trips that were over before the first drawing could be sent. */
  readonly roundTrips: number;
  /** What passed until nothing more came for a while. */
  readonly count: XTrafficCount;
  /** Every request, in order. */
  readonly rows: readonly XTrafficRow[];
}

/**
 * Starts Xvfb, the X server of X.Org that draws into memory, and lends it for measurements: real programs are started with a tap of ours between
 * them and it, which counts, delays and limits.
 *
 * @param server `ours` takes our own display in its place.
 * @throws {@link ToolMissing} if Xvfb is not here: the message says what to install.
 */
export async function withXLab<R>(
  use: (lab: XLab) => Promise<R>,
  { server = "Xvfb" }: { readonly server?: "Xvfb" | "ours" } = {},
): Promise<R> {
  if (typeof use !== "function") refuse("withXLab", "use", "an async function of a lab", use);
  if (server !== "Xvfb" && server !== "ours") refuse("withXLab", "server", '"Xvfb" or "ours"', server);
  if (server === "ours") {
    const screen = await startXScreen();
    const address = { host: "127.0.0.1", port: 6000 + Number(screen.name.split(":")[1]) };
    try {
      return await use(labAt((options) => startXTap(address, options), screen.cookie));
    } finally {
      await screen.close();
    }
  }
  const xvfb = await startXvfb();
  try {
    return await use(labAt((options) => startXTap(xvfb.address, options)));
  } finally {
    await xvfb.stop();
  }
}

/** Waits for more after the first drawing until nothing has come for so long. */
const quietMs = 300;
const mostMs = 60_000;

function labAt(open: (options?: XTapOptions) => Promise<XTap>, cookie?: Uint8Array): XLab {
  const withTap = async <R>(options: XTapOptions | undefined, use: (tap: XTap) => Promise<R>): Promise<R> => {
    const tap = await open(options);
    try {
      return await use(cookie === undefined ? tap : { ...tap, cookie });
    } finally {
      await tap.close();
    }
  };
  const lab: XLab = {
    start: (command, options) =>
      withTap(options, async (tap) => {
        const child = await startXClient(command, tap, { limitMs: mostMs });
        let isOver = false;
        void child.ended.then(() => {
          isOver = true;
        });
        const settleMs = quietMs + 2 * (options?.roundTripMs ?? 0);
        for (let last = 0, sinceMs = performance.now(); ; ) {
          await sleep(5);
          const [traffic] = tap.traffic;
          const passed = traffic ? traffic.count.bytesIn + traffic.count.bytesOut : 0;
          if (passed !== last) [last, sinceMs] = [passed, performance.now()];
          if (isOver || (traffic?.firstDrawing && performance.now() - sinceMs > settleMs)) break;
        }
        const end = isOver ? await child.ended : await child.stop(200);
        const [traffic] = tap.traffic;
        const first = traffic?.firstDrawing;
        if (traffic === undefined || first === undefined)
          throw new Error(
            `${command[0]} drew nothing: ${end.stderr.trim() || (end.timedOut ? "it took too long" : "it ended")}`,
          );
        const { count, rows } = traffic;
        const firstDrawingMs = first.timeMs - (rows[0] as XTrafficRow).timeMs;
        return { firstDrawingMs, roundTrips: first.round - 1, count, rows };
      }),
    client: (use, options) =>
      withTap(options, async (tap) => {
        const socket = connect(tap.port, "127.0.0.1").setNoDelay(true);
        const pieces: (Uint8Array | undefined)[] = [];
        let news = (): void => undefined;
        socket.on("data", (bytes) => {
          pieces.push(new Uint8Array(bytes));
          news();
        });
        socket.on("error", () => socket.destroy());
        socket.once("close", () => {
          pieces.push(undefined);
          news();
        });
        await once(socket, "connect");
        const connection: ByteConnection = {
          async send(bytes) {
            socket.write(bytes);
          },
          async receive() {
            while (pieces.length === 0)
              await new Promise<void>((resolve) => {
                news = resolve;
              });
            return pieces[0] === undefined ? undefined : pieces.shift();
          },
          end: () => void socket.end(),
          reset: () => void socket.destroy(),
        };
        try {
          return await use(connection, tap.cookie);
        } finally {
          socket.destroy();
        }
      }),
    roundTripMs: ({ times = 11, ...options } = {}) => {
      checkWhole("XLab.roundTripMs", "times", times, 1, 1000);
      checkNonNegative("XLab.roundTripMs", "roundTripMs", options.roundTripMs ?? 0);
      return lab.client(async (connection, shown) => {
        const client = await openXDisplay(connection, { cookie: shown });
        const tookMs: number[] = [];
        for (let i = 0; i < times; i++) {
          const startedMs = performance.now();
          await client.ask("GetInputFocus", {});
          tookMs.push(performance.now() - startedMs);
        }
        return tookMs.sort((a, b) => a - b)[times >> 1] as number;
      }, options);
    },
  };
  return lab;
}
