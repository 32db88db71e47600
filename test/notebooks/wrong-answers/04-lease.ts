import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: { "one renewal a lease": 10, "one service": 0.1, "upside down": 0.0333 },
  wrong: { "half as much": 15 },
  right: { "calculated by hand": 30 },
});
export default answers;
