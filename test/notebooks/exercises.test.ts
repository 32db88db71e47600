import { check } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { exercisesOf } from "../../scripts/exercises/find.js";
import { NotebookFolder } from "../../scripts/notebooks/files.js";
import type { AnyExercise } from "./check-recorder.js";
import { type LoadedExercises, loadExercises } from "./exercise-module.js";
import { removeFolders } from "./support.js";
import { triedAnswers, triedExercises } from "./wrong-answers.js";

const folder = new NotebookFolder();
const known = new Set<string>();

const tryAnswer = (exercise: AnyExercise, answer: unknown) => check(exercise as never, answer as never);

for (const notebook of folder.names()) {
  const test = suite(`the exercises of ${notebook}`);
  const found = exercisesOf(folder.notebook(notebook) ?? { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 });
  let loaded: LoadedExercises;
  const exerciseOf = (name: string) => loaded.defined.find((exercise) => exercise.name === name) as AnyExercise;

  test.before(async () => {
    loaded = await loadExercises(folder, notebook);
  });
  test.after(removeFolders);

  test("each has a name of its own, a cell to answer in and a solution", () => {
    const names = found.map(({ name }) => name);
    assert.ok(names.length > 0, "there is no exercise");
    assert.equal([...new Set(names)], names);
    assert.equal(
      loaded.defined.map(({ name }) => name),
      names,
    );
    for (const { name, answers, solutions } of found) {
      assert.ok(name.startsWith(`${notebook.slice(0, 2)}-`), name);
      assert.ok(answers.length > 0 && solutions.length > 0, name);
    }
  });

  for (const { name, answers, solutions } of found) {
    known.add(name);
    const checksIn = (cells: readonly string[]) =>
      loaded.checks.filter(({ cell, exercise }) => exercise.name === name && cells.includes(cell));

    test(`${name}: as it stands in the notebook it does not pass, and a program fails`, () => {
      const stubs = checksIn(answers);
      assert.ok(stubs.length > 0);
      for (const { result, exercise } of stubs) {
        assert.not.ok(result.passed);
        if ("scenarios" in exercise) assert.is(result.record.state, "failed");
      }
    });

    test(`${name}: the solution passes`, () => {
      const tried = checksIn(solutions.map(({ cell }) => cell));
      assert.ok(tried.length > 0);
      for (const { result } of tried) assert.ok(result.passed, result.message);
    });

    test(`${name}: every known mistake is tried, and gets the hint that fits it`, async () => {
      const exercise = exerciseOf(name);
      const wrong = await wrongAnswersOf(exercise, loaded.values);
      const mistakes = mistakesOf(exercise);
      const hints = mistakes.map(({ hint }) => hint);
      assert.equal([...new Set(hints)], hints, "two mistakes have one hint");
      for (const [mistake, answer] of wrong) {
        const result = await tryAnswer(exercise, answer);
        assert.is(result.record.state, "failed", mistake);
        assert.is(result.record.mistake, mistake, result.message);
        assert.is(result.hint, mistakes.find((each) => each.name === mistake)?.hint);
      }
      const tried = new Set(wrong.map(([mistake]) => mistake));
      assert.equal([...tried].sort(), mistakes.map((mistake) => mistake.name).sort());
    });

    test(`${name}: other wrong answers fail, other right ones pass`, async () => {
      const { wrong = {}, right = {} } = await triedAnswers(name, loaded.values);
      for (const [what, answer] of Object.entries(wrong))
        assert.is((await tryAnswer(exerciseOf(name), answer)).record.state, "failed", what);
      for (const [what, answer] of Object.entries(right)) {
        const result = await tryAnswer(exerciseOf(name), answer);
        assert.ok(result.passed, `${what}: ${result.message}`);
      }
    });
  }
  test.run();
}

/** All known mistakes with their hints; of a choice those of its table. */
function mistakesOf({ mistakes = [] }: AnyExercise): { name: string; hint: string }[] {
  if (Array.isArray(mistakes)) return mistakes;
  return Object.entries(mistakes as Record<string, string>).map(([name, hint]) => ({ name, hint }));
}

/** Of a choice every wrong one, with the mistake that it must be; else those that stand in the exercise's file. */
async function wrongAnswersOf(exercise: AnyExercise, cells: unknown): Promise<[mistake: string, answer: unknown][]> {
  if (!("choices" in exercise)) return Object.entries((await triedAnswers(exercise.name, cells)).mistakes);
  const wrong = Object.keys(exercise.choices).filter((choice) => choice !== exercise.correct);
  return wrong.map((choice) => {
    const mistake = mistakesOf(exercise).find((each) => each.name === choice);
    if (!mistake) throw new Error(`${exercise.name}: the wrong choice ${choice} is no known mistake`);
    return [mistake.name, choice];
  });
}

const files = suite("the files of wrong answers");
files("each is an exercise's", () => {
  for (const name of triedExercises()) assert.ok(known.has(name), `wrong-answers/${name}.ts is of no exercise`);
});
files.run();
