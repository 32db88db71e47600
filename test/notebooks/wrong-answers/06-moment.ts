import type { AnswersFrom } from "../wrong-answers.js";

const answers: AnswersFrom = () => ({
  mistakes: { "before she was told": 90, "after the recall": 500, "after she left": 1200 },
  right: { "soon after the first write": 140, "between the second and her leaving": 800 },
});
export default answers;
