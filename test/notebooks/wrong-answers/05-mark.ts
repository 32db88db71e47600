import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: {
    "an urgent message": "whole",
    "all of it is urgent": "late",
    "reads over the mark": "joined",
    "the first byte": "first",
  },
});
export default answers;
