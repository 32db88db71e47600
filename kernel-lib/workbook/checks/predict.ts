import { ParameterError, refuse } from "../../errors.js";
import { jupyterDisplay, type MimeBundle, tableMime } from "../../jupyter.js";
import { type Displayable, escapeMarkup, show } from "../figures/display.js";
import { formatNumber, rounded } from "../figures/numbers.js";
import { outputStyle, palette } from "../figures/palette.js";

/** A question whose answer is a number. */
export interface NumberQuestion {
  /** What is asked. */
  readonly question: string;
  /** The answer's unit; the empty text for pure numbers. */
  readonly unit: string;
}

/** A question with choices: by the answer that the reader writes, what it says. */
export interface ChoiceQuestion<C extends string = string> {
  /** What is asked. */
  readonly question: string;
  /** At least two. */
  readonly choices: Readonly<Record<C, string>>;
}

/** What the reader first answered, by the question's name; kept for as long as the kernel lives. */
const firstAnswers = new Map<string, number | string>();
const compared = new Set<string>();

/** What a reader says before the result is seen. */
export class Prediction<A extends number | string> implements Displayable {
  /** Names the question. */
  readonly name: string;
  /** What is asked. */
  readonly question: string;
  /** Undefined as long as the reader has not answered. */
  readonly answer: A | undefined;
  readonly #about: NumberQuestion | ChoiceQuestion;
  readonly #isLate: boolean;

  /** @internal */
  constructor(name: string, about: NumberQuestion | ChoiceQuestion, answer: A | undefined) {
    this.name = name;
    this.question = about.question;
    this.answer = answer;
    this.#about = about;
    this.#isLate = answer !== undefined && compared.has(name) && firstAnswers.get(name) !== answer;
    if (answer !== undefined && !compared.has(name)) firstAnswers.set(name, answer);
  }

  /** For {@link overlay}'s `predictions`: what was asked, and the number; undefined for choices and without an answer. */
  get value(): number | undefined {
    return typeof this.answer === "number" ? this.answer : undefined;
  }

  /** The question, short, as {@link overlay}'s legend shows it. */
  get label(): string {
    return `your prediction (${this.name})`;
  }

  /**
   * Puts the prediction beside what came.
   *
   * @throws {@link ParameterError} if `actual` is not a finite number, or not one of the choices.
   */
  compare(actual: A): Comparison {
    checkAnswer("compare", this.#about, actual);
    compared.add(this.name);
    return new Comparison(
      this.name,
      this.#about,
      this.answer,
      actual,
      this.#isLate ? firstAnswers.get(this.name) : undefined,
    );
  }

  /** Shows the prediction in the middle of a cell. */
  show(): void {
    show(this);
  }

  [jupyterDisplay](): MimeBundle {
    const said =
      this.answer === undefined
        ? `Not answered yet: write your answer in this cell and run it again, or go on and see. ${answerForm(this.#about)}`
        : `Your prediction: ${inWords(this.#about, this.answer)}.${this.#isLate ? " (Changed after the result was shown.)" : ""}`;
    return {
      "text/plain": `${this.question}\n${said}`,
      "text/html": card(`<strong>${escapeMarkup(this.question)}</strong><br>${escapeMarkup(said)}`),
    };
  }
}

/** A prediction beside what came. */
export class Comparison implements Displayable {
  /** The question's name. */
  readonly name: string;
  /** What was predicted; undefined if nothing was. */
  readonly answer: number | string | undefined;
  /** What came. */
  readonly actual: number | string;
  readonly #about: NumberQuestion | ChoiceQuestion;
  readonly #first: number | string | undefined;

  /** @internal */
  constructor(
    name: string,
    about: NumberQuestion | ChoiceQuestion,
    answer: number | string | undefined,
    actual: number | string,
    first: number | string | undefined,
  ) {
    this.name = name;
    this.answer = answer;
    this.actual = actual;
    this.#about = about;
    this.#first = first;
  }

  /** Shows the comparison in the middle of a cell. */
  show(): void {
    show(this);
  }

  [jupyterDisplay](): MimeBundle {
    const came = inWords(this.#about, this.actual);
    const said = this.answer === undefined ? "you made none" : inWords(this.#about, this.answer);
    const lines = [
      ["Your prediction", said],
      ["What came", came],
      ...(this.answer === undefined ? [] : [["Difference", this.#verdict(this.answer)]]),
      ...(this.#first === undefined ? [] : [["Your first answer", inWords(this.#about, this.#first)]]),
    ] as [string, string][];
    const rows = lines
      .map(
        ([head, text]) =>
          `<tr><th style="text-align:left">${escapeMarkup(head)}</th><td style="text-align:left">${escapeMarkup(text)}</td></tr>`,
      )
      .join("");
    return {
      "text/plain": `${this.#about.question}\n${lines.map(([head, text]) => `${head}: ${text}`).join("\n")}`,
      "text/html": card(
        `<strong>${escapeMarkup(this.#about.question)}</strong><table class="handoff-table">${rows}</table>`,
      ),
      [tableMime]: [
        { question: this.name, actual: typeof this.actual === "number" ? rounded(this.actual) : this.actual },
      ],
    };
  }

  #verdict(answer: number | string): string {
    const { actual } = this;
    if (typeof answer !== "number" || typeof actual !== "number") {
      return answer === actual ? "none: as you said" : "it came otherwise: what did you assume that does not hold?";
    }
    if (answer === actual) return "none";
    if (actual === 0) return formatNumber(answer - actual);
    const share = (answer - actual) / Math.abs(actual);
    if (Math.abs(share) <= 0.02) return "within 2 %";
    const ratio = answer / actual;
    if (ratio > 2) return `${formatNumber(ratio, 2)} times too high`;
    if (ratio > 0 && ratio < 0.5) return `${formatNumber(1 / ratio, 2)} times too low`;
    return `${formatNumber(Math.abs(share) * 100, 2)} % too ${share > 0 ? "high" : "low"}`;
  }
}

/**
 * The reader commits to an answer before the result is computed, by writing it in the cell. Without an answer it says
 * so, and the notebook goes on.
 *
 * @param name names the question, in figures and in exported results.
 * @param about the question, with either the unit of a number or the choices.
 * @param answer what the reader wrote; `undefined` as the notebook comes.
 * @throws {@link ParameterError} if the answer is not a finite number, or not one of the choices.
 * @example
 * const mine = predict("second client", { question: "When does the second client get its reply?", unit: "ms" }, undefined);
 * // … later, when the run is there
 * mine.compare(run.results.second)
 */
export function predict<const C extends string>(
  name: string,
  about: ChoiceQuestion<C>,
  answer: OneOf<C> | undefined,
): Prediction<C>;
export function predict(name: string, about: NumberQuestion, answer: number | undefined): Prediction<number>;
export function predict(
  name: string,
  about: NumberQuestion | ChoiceQuestion,
  answer: number | string | undefined,
): Prediction<number | string> {
  if (typeof name !== "string" || name === "") refuse("predict", "name", "a text that is not empty", name);
  if (typeof about?.question !== "string") refuse("predict", "question", "a text", about?.question);
  if ("choices" in about ? Object.keys(about.choices).length < 2 : typeof about.unit !== "string") {
    throw new ParameterError("predict: give either at least two choices or the unit of a number");
  }
  if (answer !== undefined) checkAnswer("predict", about, answer);
  return new Prediction(name, about, answer);
}

/** One of the choices, checked against them and not added to them. (`NoInfer` came with TypeScript 5.4; cells have 5.0.) */
export type OneOf<T> = [T][T extends unknown ? 0 : never];

function checkAnswer(where: string, about: NumberQuestion | ChoiceQuestion, answer: unknown): void {
  if ("choices" in about) {
    const known = Object.keys(about.choices);
    if (!known.includes(answer as string))
      refuse(where, "answer", `one of ${known.map((c) => JSON.stringify(c)).join(", ")}`, answer);
  } else if (!Number.isFinite(answer))
    refuse(where, "answer", `a finite number${about.unit ? ` of ${about.unit}` : ""}`, answer);
}

function inWords(about: NumberQuestion | ChoiceQuestion, answer: number | string): string {
  if ("choices" in about) return `${answer} (${about.choices[answer as string]})`;
  return `${formatNumber(answer as number)}${about.unit ? ` ${about.unit}` : ""}`;
}

/** What the reader may write, in words. @internal */
export function answerForm(about: Pick<NumberQuestion, "unit"> | Pick<ChoiceQuestion, "choices">): string {
  if (!("choices" in about)) return about.unit ? `(A number, in ${about.unit}.)` : "(A number.)";
  return `Choose one of: ${Object.entries(about.choices)
    .map(([key, text]) => `"${key}" (${text})`)
    .join(", ")}.`;
}

function card(inner: string): string {
  return `<div class="handoff"><style>${outputStyle}</style><div style="border-left:4px solid ${palette.reader};padding:2px 10px;max-width:760px">${inner}</div></div>`;
}
