import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: {
    "CPU only": 83.3,
    "one thread": 33.3,
    "every request": 11.1,
    "every request, one thread": 9.8,
    "only those of the disk": 6.67,
  },
  wrong: { "half as much again": 83 },
  right: { "calculated by hand": 55.56 },
});
export default answers;
