import { setTimeout as sleep } from "node:timers/promises";
import { checkPositive } from "../../../errors.js";
import { XDisplay, type XDisplayClient, type XDisplayOptions } from "../../../interfaces/index.js";
import { MalformedMessage, XTraffic } from "../../../protocol/index.js";
import type { Child } from "../../children/index.js";
import { openXPort, startXClient, type XPort } from "./sockets.js";

/** What one client has sent and got at a {@link XScreen}. */
export interface XScreenClient {
  /** What passed, counted. */
  readonly traffic: XTraffic;
  /** Whether it is still there. */
  readonly isConnected: boolean;
}

/** See {@link startXScreen}. */
export interface XScreenOptions extends Omit<XDisplayOptions, "now" | "cookie"> {
  /** Gets what clients send, each by its place in {@link XScreen.clients}, to record it. */
  readonly onSent?: (client: number, bytes: Uint8Array) => void;
}

/** What a program once sent to a display. */
export interface XSent {
  /** The program. */
  readonly program: string;
  /** Its bytes, as base64. */
  readonly sent: string;
}

/** See {@link startXScreen}. */
export interface XScreen {
  /** What clients have as `DISPLAY`: `127.0.0.1:26848`. */
  readonly name: string;
  /** What a client of another making must show (MIT-MAGIC-COOKIE-1). */
  readonly cookie: Uint8Array;
  /** The display: its screen, its windows, its mouse and its keys. */
  readonly display: XDisplay;
  /** The clients that have come, in order. */
  readonly clients: readonly XScreenClient[];
  /**
   * Starts a real program on this display: `start("xeyes", "-geometry", "200x140+10+10")`.
   *
   * @throws {@link ToolMissing} if it is not installed: the message says what to install.
   */
  start(file: string, ...args: readonly string[]): Promise<Child>;
  /** Waits until a client with that many more windows is to be seen, and nobody has sent anything (but questions for the mouse) for `quietMs`; 150 ms unless told. */
  settled(options?: {
    readonly windows?: number;
    readonly quietMs?: number;
    readonly atMostMs?: number;
  }): Promise<void>;
  /** Presses keys, one after the other: each character is one, unless a list is given. */
  type(keys: string | readonly string[]): Promise<void>;
  /**
   * Lets programs that are not here draw what they sent when they were recorded, in the same order: a program that is known already goes
   * on.
   */
  replay(recorded: readonly XSent[]): void;
  /** Ends all that was started on it, and closes its port. */
  close(): Promise<void>;
}

/**
 * Starts a display of our own on loopback. Real X clients connect to it, unmodified, and their windows appear on its screen.
 *
 * Only who shows its cookie is let in. Programs that it starts end with it, by Interrupt, and with this process.
 *
 * @throws {@link ParameterError} if the size is out of range.
 */
export async function startXScreen({ onSent, ...options }: XScreenOptions = {}): Promise<XScreen> {
  const children: Child[] = [];
  const clients: { traffic: XTraffic; isConnected: boolean }[] = [];
  let lastMs = performance.now();
  let display: XDisplay | undefined;
  const port: XPort = await openXPort((socket) => {
    const seen = { traffic: new XTraffic(), isConnected: true };
    const place = clients.push(seen) - 1;
    const now = () => performance.now();
    const client = (display as XDisplay).connect((bytes) => {
      seen.traffic.fromDisplay(bytes, now());
      socket.write(bytes);
    });
    socket.on("data", (bytes) => {
      onSent?.(place, bytes);
      try {
        const rows = seen.traffic.fromClient(bytes, now());
        // A program that asks again and again where the mouse is is at rest nevertheless.
        if (rows.some(({ request }) => request !== "QueryPointer")) lastMs = now();
        client.push(bytes);
      } catch (error) {
        if (!(error instanceof MalformedMessage)) throw error;
        socket.destroy();
      }
    });
    socket.once("close", () => {
      seen.isConnected = false;
      client.close();
    });
  });
  display = new XDisplay({ ...options, cookie: port.cookie, now: () => performance.now() });
  const own = display;
  const replayed = new Map<string, XDisplayClient>();
  return {
    name: port.name,
    cookie: port.cookie,
    display: own,
    clients,
    async start(file, ...args) {
      const child = await startXClient([file, ...args], port, { limitMs: 10 * 60_000 });
      children.push(child);
      return child;
    },
    async settled({ windows = 0, quietMs = 150, atMostMs = 10_000 } = {}) {
      checkPositive("XScreen.settled", "quietMs", quietMs);
      const started = performance.now();
      const isOver = () => own.windows.length >= windows && performance.now() - Math.max(started, lastMs) >= quietMs;
      while (!isOver() && performance.now() - started < atMostMs) await sleep(10);
    },
    async type(keys) {
      for (const key of keys) {
        own.pressKey(key, true);
        own.pressKey(key, false);
        await sleep(30);
      }
    },
    replay(recorded) {
      for (const { program, sent } of recorded) {
        if (!replayed.has(program))
          replayed.set(
            program,
            // It shows the secret of the display at which it was recorded.
            own.connect(() => undefined, { needsCookie: false }),
          );
        replayed.get(program)?.push(Buffer.from(sent, "base64"));
      }
    },
    async close() {
      // Programs end when their display does; those that don't are ended.
      await port.close();
      await Promise.race([Promise.all(children.map(({ ended }) => ended)), sleep(500)]);
      await Promise.all(children.map((child) => child.stop(200)));
    },
  };
}
