import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: {
    "transfer only": 6,
    "a third of the time is saved": 18,
    divided: 2,
    "two thirds of the transfer": 4,
    "work of the fast computer": 3,
  },
  wrong: { "no reason": 7 },
  right: { "calculated by hand": 9 },
});
export default answers;
