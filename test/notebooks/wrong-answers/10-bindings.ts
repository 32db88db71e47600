import type { Strategy } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Choice = Record<"prices" | "accounts" | "printer" | "letters", Strategy>;
const right: Choice = {
  prices: "copy",
  accounts: "global reference",
  printer: "rebind",
  letters: "global reference",
};

const answers: AnswersFrom = () => ({
  mistakes: {
    "moves what is fixed": { ...right, printer: "copy" } satisfies Choice,
    "reads over the network": { ...right, prices: "global reference" } satisfies Choice,
    "takes the prices away": { ...right, prices: "move" } satisfies Choice,
    "sends a megabyte": { ...right, accounts: "move" } satisfies Choice,
    "two versions": { ...right, accounts: "rebind" } satisfies Choice,
    "waits at the wrong mailbox": { ...right, letters: "rebind" } satisfies Choice,
    "prints at home": { ...right, printer: "global reference" } satisfies Choice,
    "somebody else's prices": { ...right, prices: "rebind" } satisfies Choice,
  },
  wrong: {
    "moves everything": { prices: "move", accounts: "move", printer: "move", letters: "move" } satisfies Choice,
    "copies the mailbox": { ...right, letters: "copy" } satisfies Choice,
  },
});
export default answers;
