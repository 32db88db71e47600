import type { exercises } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Versioned = exercises.Versioned;
const majority = (n: number) => Math.floor(n / 2) + 1;
const newest = (replies: readonly Versioned[]) =>
  replies.reduce((best, each) => (each.version > best.version ? each : best));
const votes = (replies: readonly Versioned[], { version }: Versioned) =>
  replies.filter((each) => each.version === version).length;

const answers: AnswersFrom = () => ({
  mistakes: {
    "waits for all": { need: (n: number) => n, choose: newest },
    "not a whole number": { need: (n: number) => n / 2 + 1, choose: newest },
    "the same number for every n": { need: () => 3, choose: newest },
    "waits for too many": { need: (n: number) => n - 1, choose: newest },
    "waits for none": { need: () => 0, choose: newest },
    "makes up a reply": { need: majority, choose: () => ({ value: "new", version: 1000 }) },
    "hands on nothing": {
      need: majority,
      choose: (replies: readonly Versioned[]) => {
        newest(replies);
      },
    },
    "compares texts": {
      need: majority,
      choose: (replies: readonly Versioned[]) =>
        replies.reduce((best, each) => (each.value > best.value ? each : best)),
    },
    "hands on an old one": {
      need: majority,
      choose: (replies: readonly Versioned[]) => [...replies].sort((a, b) => a.version - b.version)[0],
    },
    "hands on the last": { need: majority, choose: (replies: readonly Versioned[]) => replies[replies.length - 1] },
    "waits for too few": { need: (n: number) => Math.floor(n / 2), choose: newest },
    "hands on the first": { need: majority, choose: ([first]: readonly Versioned[]) => first },
    "lets them vote": {
      need: majority,
      choose: (replies: readonly Versioned[]) => {
        const most = Math.max(...replies.map((each) => votes(replies, each)));
        // Of equal votes the newest, so that only the majority of the old ones goes wrong.
        return newest(replies.filter((each) => votes(replies, each) === most));
      },
    },
  },
  wrong: {
    "the first of one": { need: () => 1, choose: newest },
    "versions as texts": {
      need: majority,
      choose: (replies: readonly Versioned[]) =>
        replies.reduce((best, each) => (String(each.version) > String(best.version) ? each : best)),
    },
    "the first of half": { need: (n: number) => n / 2, choose: ([first]: readonly Versioned[]) => first },
    "two, whatever n": { need: () => 2, choose: newest },
  },
  right: {
    // A write has reached more than half: of four, three; so two have one of these among them.
    "half, rounded up": { need: (n: number) => Math.ceil(n / 2), choose: newest },
    "sorted by version": {
      need: (n: number) => Math.ceil((n + 1) / 2),
      choose: (replies: readonly Versioned[]) => [...replies].sort((a, b) => b.version - a.version)[0],
    },
    "a loop": {
      need: (n: number) => {
        let need = 1;
        while (2 * need <= n) need++;
        return need;
      },
      choose: (replies: readonly Versioned[]) => {
        let best = replies[0];
        for (const each of replies) if (best && each.version > best.version) best = each;
        return best;
      },
    },
  },
});
export default answers;
