import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: { saturation: 66.7, "idle resident server": 26.7, "per millisecond": 0.0279, "start alone": 50 },
  wrong: { "half as much": 14 },
  right: { "by a quadratic equation": 27.92 },
});
export default answers;
