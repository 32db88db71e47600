import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: {
    "without the allowance": 9.5,
    "counts the asking read": 10,
    "rate upside down": 38,
    "takes it off again": 9.4,
  },
  wrong: { "half of it": 4.8, "as published": 30 },
  right: { "calculated by hand": (1 / 0.05 - 1) / 2 + 0.1 },
});
export default answers;
