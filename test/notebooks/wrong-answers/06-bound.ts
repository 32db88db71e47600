import type { Host } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type MakeReader = (host: Host, ask: () => Promise<string>, boundMs: number) => () => Promise<string>;

/** A reader that uses a copy as long as `isGood` says. */
const reader =
  (isGood: (nowMs: number, askedMs: number, answeredMs: number, boundMs: number) => boolean): MakeReader =>
  (host, ask, boundMs) => {
    let [copy, askedMs, answeredMs]: [string | undefined, number, number] = [undefined, 0, 0];
    return async () => {
      if (copy !== undefined && isGood(host.now(), askedMs, answeredMs, boundMs)) return copy;
      askedMs = host.now();
      copy = await ask();
      answeredMs = host.now();
      return copy;
    };
  };

const answers: AnswersFrom = () => ({
  mistakes: {
    "never again": reader(() => true),
    "a little longer": reader((now, asked, _answered, bound) => now < asked + bound + 5),
    "from the answer": reader((now, _asked, answered, bound) => now < answered + bound),
    "asks each time": reader(() => false),
    "too careful": reader((now, asked, _answered, bound) => now < asked + bound / 2),
  },
  wrong: {
    "twice the bound": reader((now, asked, _answered, bound) => now < asked + 2 * bound),
    "20 ms longer": reader((now, asked, _answered, bound) => now < asked + bound + 20),
    "2 ms longer": reader((now, asked, _answered, bound) => now < asked + bound + 2),
    "a guess at when the value was read": reader((now, _asked, answered, bound) => now < answered + bound - 95),
  },
  right: {
    "to the very bound": reader((now, asked, _answered, bound) => now <= asked + bound),
    "a ms to be sure": reader((now, asked, _answered, bound) => now < asked + bound - 1),
  },
});
export default answers;
