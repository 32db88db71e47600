import type { AnswersFrom } from "../wrong-answers.js";

/** A bucket of tokens. */
const bucket = (first: number, most: number, perCall: (share: number) => number) => (share: number) => {
  let tokens = first;
  return {
    called: () => {
      tokens = Math.min(most, tokens + perCall(share));
    },
    mayHedge: () => {
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
};

const answers: AnswersFrom = () => ({
  mistakes: {
    "no cap": (_share: number) => ({ called: () => undefined, mayHedge: () => true }),
    "saves up": (share: number) => {
      let [calls, hedged] = [0, 0];
      return {
        called: () => void calls++,
        mayHedge: () => {
          if (hedged + 1 > share * calls + 5) return false;
          hedged++;
          return true;
        },
      };
    },
    "does not look at the share": bucket(10, 10, () => 0.05),
    "saves too much": bucket(30, 30, (share) => share),
    "more than its share": bucket(10, 10, (share) => 2 * share),
    "never fills up again": bucket(20, 20, () => 0),
    "less than its share": bucket(10, 10, (share) => share / 4),
    "too careful": (_share: number) => ({ called: () => undefined, mayHedge: () => false }),
  },
  wrong: {
    "a bucket without a bottom": bucket(10, Number.POSITIVE_INFINITY, (share) => share),
    "a tenth, whatever the share": bucket(10, 10, () => 0.1),
    "a quarter, whatever the share": bucket(10, 10, () => 0.25),
    "a bucket of a hundred": bucket(100, 100, (share) => share),
    "a bucket of one": bucket(1, 1, (share) => share),
    "a share of late calls, not of calls": (share: number) => {
      let late = 0;
      return { called: () => undefined, mayHedge: () => ++late % Math.round(1 / share) === 0 };
    },
    "one in a hundred calls at most": (share: number) => {
      let calls = 0;
      return { called: () => void calls++, mayHedge: () => calls % Math.round(5 / share) === 0 };
    },
  },
  right: {
    "a window of the last calls": (share: number) => {
      const last: boolean[] = [];
      return {
        called: () => {
          last.push(false);
          if (last.length > 100) last.shift();
        },
        mayHedge: () => {
          if (last.filter(Boolean).length + 1 > Math.max(5, share * last.length)) return false;
          last[last.length - 1] = true;
          return true;
        },
      };
    },
    "in whole tokens": (share: number) => {
      let [tokens, calls] = [5, 0];
      return {
        called: () => {
          if (++calls % Math.round(1 / share) === 0) tokens = Math.min(15, tokens + 1);
        },
        mayHedge: () => tokens > 0 && tokens-- > 0,
      };
    },
  },
});
export default answers;
