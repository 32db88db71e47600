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
  return {
    mistakes: {
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
  };
};
export default answers;
