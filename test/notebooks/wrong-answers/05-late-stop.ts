import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: { "in time": 60, "the client knew": 150 },
  wrong: { "after everything": 500 },
  right: { "just after": 101, "just before": 119 },
});
export default answers;
