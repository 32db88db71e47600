import type { MimeBundle } from "../../jupyter.js";
import { sentenceMarkup } from "../figures/display.js";
import { outputStyle, palette } from "../figures/palette.js";
import type { ChoiceExercise, NumberExercise, ProgramExercise } from "./exercise.js";
import { answerForm } from "./predict.js";

/** How an answer is tried, in words: the scenarios, and what must hold. @internal */
export function exerciseCard(exercise: ProgramExercise<never> | NumberExercise | ChoiceExercise): MimeBundle {
  const head = `${exercise.name}: ${exercise.statement}`;
  const tried = "scenarios" in exercise ? trial(exercise) : answerForm(exercise);
  const claims = "scenarios" in exercise ? Object.keys(exercise.claims) : [];
  const hints = exercise.hints?.length ?? 0;
  const asked = hints > 0 ? [`Stuck? check(…, …, { hints: 1 }) gives the first of ${hints}.`] : [];
  const paragraph = (text: string) => `<div style="margin:3px 0">${sentenceMarkup(text)}</div>`;
  const items = claims.map((claim) => `<li>${sentenceMarkup(claim)}</li>`).join("");
  const list = items && `<ul style="margin:3px 0;padding-left:1.6em">${items}</ul>`;
  return {
    "text/plain": [head, tried, ...claims.map((claim) => `- ${claim}`), ...asked].join("\n"),
    "text/html":
      `<div class="handoff"><style>${outputStyle}</style>` +
      `<div style="border-left:4px solid ${palette.reader};padding:2px 10px;max-width:760px">` +
      `<div style="font-weight:600">${sentenceMarkup(head)}</div>${paragraph(tried)}${list}${asked.map(paragraph).join("")}</div></div>`,
  };
}

function trial({ scenarios, seeds = [1, 2, 3] }: ProgramExercise<never>): string {
  const names = Object.keys(scenarios).map((name) => `"${name}"`);
  const where = names.length === 1 ? `in the scenario ${names[0]}` : `in the scenarios ${names.join(", ")}`;
  const how = seeds.length === 1 ? `with the seed ${seeds[0]}` : `with each of the seeds ${seeds.join(", ")}`;
  return `It is run ${where}, ${how}. In each run it must hold that`;
}
