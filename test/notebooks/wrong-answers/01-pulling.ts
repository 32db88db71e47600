import { type exercises, type Host, type Terminal, TimedOut } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Answer = exercises.PullingTerminal;

/** So many requests at the start, so far apart, and one for each update. */
const ladder =
  (count: number, gapMs: number, isIncremental = true): Answer =>
  async (host: Host, terminal: Terminal) => {
    for (let i = 0; i < count; i++) {
      await terminal.request({ isIncremental });
      await host.sleep(gapMs);
    }
    for (;;) {
      await terminal.update();
      await terminal.request({ isIncremental });
    }
  };

/** Asks by the clock, in a thread of its own. */
const byTheClock =
  (gapMs: number, request?: Parameters<Terminal["request"]>[0]): Answer =>
  async (host: Host, terminal: Terminal) => {
    const ask = async (own: Host) => {
      for (let at = own.now(); ; at += gapMs) {
        await own.sleepUntil(at);
        await terminal.request(request);
      }
    };
    host.spawn(ask, { as: "thread" });
    for (;;) await terminal.update();
  };

const answers: AnswersFrom = () => ({
  mistakes: {
    "asks for whole pictures": ladder(1, 0, false),
    "shows nothing": async (host: Host, terminal: Terminal) => {
      for (;;) {
        await terminal.request();
        await host.sleep(45);
      }
    },
    "asks for a part": byTheClock(45, { isIncremental: false, area: { x: 0, y: 0, width: 1, height: 1 } }),
    "asks without end": byTheClock(2),
    "asks all at once": ladder(6, 0),
    "one after the other": ladder(1, 0),
    "as many as suit one distance": ladder(3, 30),
  },
  wrong: {
    "two requests for each update": async (_host: Host, terminal: Terminal) => {
      for (;;) {
        await terminal.request();
        await terminal.request();
        await terminal.update();
      }
    },
    "throws at once": () => {
      throw new Error("not yet");
    },
    "ends when it has shown some": async (_host: Host, terminal: Terminal) => {
      for (let i = 0; i < 40; i++) {
        await terminal.request();
        await terminal.update();
      }
    },
  },
  right: {
    "by the clock": byTheClock(45),
    "by the clock, as often as is asked for": byTheClock(50),
    "six requests under way, spread over time": ladder(6, 35),
    "as many as the measured round trip needs": async (host: Host, terminal: Terminal) => {
      const startMs = host.now();
      await terminal.request();
      await terminal.update();
      const rttMs = host.now() - startMs;
      await ladder(Math.ceil(rttMs / 40), 40)(host, terminal);
    },
    "one thread that asks when it is time, and else takes what comes": async (host: Host, terminal: Terminal) => {
      for (let nextMs = host.now(); ; ) {
        if (host.now() >= nextMs) {
          await terminal.request();
          nextMs += 45;
        }
        try {
          await terminal.update({ timeoutMs: Math.max(0.001, nextMs - host.now()) });
        } catch (error) {
          if (!(error instanceof TimedOut)) throw error;
        }
      }
    },
  },
});
export default answers;
