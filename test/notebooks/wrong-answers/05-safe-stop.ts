import type { AnswersFrom } from "../wrong-answers.js";

interface StopProtocol {
  begins(number: number, abort: () => void): boolean;
  ends(number: number): void;
  stop(number: number): "stopped" | "too late";
}
interface Cells {
  safe(): StopProtocol;
  unsafe(): StopProtocol;
}

const answers: AnswersFrom<Cells> = ({ safe, unsafe }) => {
  /** The right protocol with some of it changed. */
  const but = (change: (protocol: StopProtocol) => Partial<StopProtocol>) => (): StopProtocol => {
    const protocol = safe();
    return { ...protocol, ...change(protocol) };
  };
  const forgetful = (): StopProtocol => {
    let running: { number: number; abort: () => void } | undefined;
    const [stopped, finished] = [new Set<number>(), new Set<number>()];
    return {
      begins: (number, abort) => {
        running = { number, abort };
        return true;
      },
      ends: (number) => {
        running = undefined;
        if (!stopped.has(number)) finished.add(number);
      },
      stop: (number) => {
        if (running?.number === number) {
          stopped.add(number);
          running.abort();
        }
        return stopped.has(number) ? "stopped" : "too late";
      },
    };
  };
  /** Three sets of numbers and how to abort, to be handled in a wrong way. */
  const notes = () => ({
    aborts: new Map<number, () => void>(),
    stopped: new Set<number>(),
    finished: new Set<number>(),
    early: new Set<number>(),
  });
  const tooLateOnce = (): StopProtocol => {
    const { aborts, stopped, finished } = notes();
    return {
      begins: (number, abort) => !stopped.has(number) && !!aborts.set(number, abort),
      ends: (number) => {
        aborts.delete(number);
        if (!stopped.has(number)) finished.add(number);
      },
      stop: (number) => {
        if (finished.delete(number)) return "too late";
        stopped.add(number);
        aborts.get(number)?.();
        return "stopped";
      },
    };
  };
  const forgetsRefused = (): StopProtocol => {
    const { aborts, stopped, finished: begun, early } = notes();
    return {
      begins: (number, abort) => {
        begun.add(number);
        return !early.delete(number) && !!aborts.set(number, abort);
      },
      ends: (number) => void aborts.delete(number),
      stop: (number) => {
        if (stopped.has(number)) return "stopped";
        const abort = aborts.get(number);
        if (abort === undefined && begun.has(number)) return "too late";
        (abort ? stopped : early).add(number);
        abort?.();
        return "stopped";
      },
    };
  };
  const barsAll = (): StopProtocol => {
    const { aborts, stopped, finished } = notes();
    let barredFrom = Number.POSITIVE_INFINITY;
    return {
      begins: (number, abort) => number < barredFrom && !!aborts.set(number, abort),
      ends: (number) => void (stopped.has(number) || finished.add(number)),
      stop: (number) => {
        if (finished.has(number)) return "too late";
        stopped.add(number);
        const abort = aborts.get(number);
        if (abort) abort();
        else barredFrom = Math.min(barredFrom, number);
        return "stopped";
      },
    };
  };
  const comparesWithCurrent = (): StopProtocol => {
    const stopped = new Set<number>();
    let [current, abortCurrent] = [0, () => {}];
    return {
      begins: (number, abort) => {
        [current, abortCurrent] = [number, abort];
        return !stopped.has(number);
      },
      ends: () => undefined,
      stop: (number) => {
        if (stopped.has(number)) return "stopped";
        if (number < current) return "too late";
        stopped.add(number);
        if (number === current) abortCurrent();
        return "stopped";
      },
    };
  };
  return {
    mistakes: {
      "too late only once": tooLateOnce,
      "forgets what was refused": forgetsRefused,
      "bars all that follow": barsAll,
      "never at rest": comparesWithCurrent,
      "early and early again": (): StopProtocol => {
        const protocol = safe();
        const [begun, early] = [new Set<number>(), new Set<number>()];
        return {
          ...protocol,
          begins: (number, abort) => {
            begun.add(number);
            return protocol.begins(number, abort);
          },
          stop: (number) => {
            if (early.has(number)) return "too late";
            if (!begun.has(number)) early.add(number);
            return protocol.stop(number);
          },
        };
      },
      "whatever runs": unsafe,
      "forgets early stops": forgetful,
      "stops nothing": but(({ begins }) => ({ begins: (number) => begins(number, () => undefined) })),
      "always stopped": but(({ stop }) => ({
        stop: (number) => {
          stop(number);
          return "stopped";
        },
      })),
      "the second time": (): StopProtocol => {
        const protocol = safe();
        const ended = new Set<number>();
        return {
          ...protocol,
          ends: (number) => {
            ended.add(number);
            protocol.ends(number);
          },
          stop: (number) => (ended.has(number) ? "too late" : protocol.stop(number)),
        };
      },
    },
    wrong: { "lets nothing begin": but(() => ({ begins: () => false })) },
    right: {
      "one state for each number": (): StopProtocol => {
        const states = new Map<number, "stopped" | "done" | (() => void)>();
        return {
          begins: (number, abort) => states.get(number) !== "stopped" && !!states.set(number, abort),
          ends: (number) => void (states.get(number) === "stopped" || states.set(number, "done")),
          stop: (number) => {
            const state = states.get(number);
            if (state === "done") return "too late";
            states.set(number, "stopped");
            if (typeof state === "function") state();
            return "stopped";
          },
        };
      },
    },
  };
};
export default answers;
