import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: {
    "only the questions": 6,
    "only the silence": 10,
    "gives up at the first question": 12,
    "gives up when it asks for the last time": 14,
    "one question too many": 18,
    "waits the silence out again": 20,
    "silence before each question": 36,
  },
  wrong: { "in ms": 16_000 },
});
export default answers;
