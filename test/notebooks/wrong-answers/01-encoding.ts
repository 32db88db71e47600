import type { exercises, PixelEncoding } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Answer = exercises.EncodingChoice;
type Link = Parameters<Answer>[0];
type Costs = Parameters<Answer>[1];
const names = ["raw", "rre", "hextile", "zrle"] as const;

/** The encoding for which a function of its cost is least. */
const least = (costs: Costs, of: (cost: Costs[PixelEncoding]) => number): PixelEncoding =>
  names.reduce((a, b) => (of(costs[b]) < of(costs[a]) ? b : a));

const answers: AnswersFrom = () => ({
  mistakes: {
    "always the fewest bytes": (_link, costs) => least(costs, ({ bytes }) => bytes),
    "always the least work": (_link, costs) => least(costs, ({ cpuMs }) => cpuMs),
    "adds what can't be added": (_link, costs) => least(costs, ({ bytes, cpuMs }) => 1 / (bytes * cpuMs)),
  } satisfies Record<string, Answer>,
  wrong: {
    "looks at the bandwidth alone": ({ bytesPerS }: Link) =>
      bytesPerS <= 1e6 ? "zrle" : bytesPerS < 1e8 ? "hextile" : "raw",
    "looks at the round trip alone": ({ rttMs }: Link) => (rttMs === 20 ? "zrle" : rttMs === 1 ? "raw" : "hextile"),
    "the longer of the two times": ({ bytesPerS }: Link, costs: Costs) =>
      least(costs, ({ bytes, cpuMs }) => Math.max(cpuMs, (1000 * bytes) / bytesPerS)),
    "forgets that a second has a thousand milliseconds": ({ bytesPerS }: Link, costs: Costs) =>
      least(costs, ({ bytes, cpuMs }) => cpuMs + bytes / bytesPerS),
    "names an encoding that there is not": () => "jpeg",
    "says nothing": () => undefined,
  },
  right: {
    "the least time": ({ bytesPerS }, costs) => least(costs, ({ bytes, cpuMs }) => cpuMs + (1000 * bytes) / bytesPerS),
    "the most updates a second": ({ rttMs, bytesPerS }, costs) =>
      [...names].sort((a, b) => {
        const perS = (name: PixelEncoding) =>
          1 / (rttMs / 1000 + costs[name].cpuMs / 1000 + costs[name].bytes / bytesPerS);
        return perS(b) - perS(a);
      })[0] as PixelEncoding,
    "compares pairs: is the work worth the bytes that it saves?": ({ bytesPerS }, costs) => {
      let best: PixelEncoding = "raw";
      for (const name of names) {
        const savedMs = (1000 * (costs[best].bytes - costs[name].bytes)) / bytesPerS;
        if (savedMs > costs[name].cpuMs - costs[best].cpuMs) best = name;
      }
      return best;
    },
  } satisfies Record<string, Answer>,
});
export default answers;
