import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: { exponential: 25, "wait only": 7.5, "halved all": 12.5, "service only": 10 },
  wrong: { "half as much again": 26.25 },
  right: { "calculated by hand": 17.5 },
});
export default answers;
