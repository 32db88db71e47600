import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  check,
  checkMime,
  type Displayable,
  exercise,
  exerciseResults,
  exportResults,
  forgetResults,
  type Host,
  jupyterDisplay,
  on,
  ParameterError,
  scenario,
  simulate,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

type Client = (host: Host, n: number) => Promise<unknown>;
const doubling = async (host: Host) => {
  for await (const connection of await host.listen(7))
    for await (const n of connection) await connection.send(2 * (n as number));
};
const ask = async (client: Client, n: number, seed: number) => {
  const run = await simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 3 },
      programs: { server: on("server", doubling).daemon(), answer: on("client", client, n) },
      limitMs: 1000,
    }),
    { seed },
  );
  return { ...run, n };
};
const double = exercise({
  name: "double",
  statement: "Return the server's answer to n.",
  scenarios: {
    "n = 21": (answer: Client, seed) => ask(answer, 21, seed),
    "n = 0": (answer: Client, seed) => ask(answer, 0, seed),
  },
  seeds: [1, 2],
  claims: {
    "the client returns": (run) => run.results.answer !== undefined || "it returned nothing",
    "it returns the answer": (run) => run.results.answer === 2 * run.n || `it returned ${run.results.answer}`,
  },
  mistakes: [
    { name: "throws", recognise: ({ error }) => error?.name === "ConnectionRefused", hint: "Which port?" },
    {
      name: "returns n",
      recognise: ({ run }) => (run?.n ?? 0) > 0 && run?.results.answer === run?.n,
      hint: "That is n itself.",
    },
  ],
  hints: ["First hint.", "Second hint."],
});
const right: Client = async (host, n) => {
  const connection = await host.connect("server", 7);
  await connection.send(n);
  return connection.receive();
};
const text = (value: { [jupyterDisplay](): Record<string, unknown> }) => String(value[jupyterDisplay]()["text/plain"]);

test("the right answer passes in all runs", async () => {
  const result = await check(double, right);
  assert.ok(result.passed);
  assert.match(text(result), "passed, in all 4 runs");
  assert.is(result.diagram, undefined);
});

test("the share that holds is counted over scenarios and claims, and is said only of a program that failed in part", async () => {
  const shareOf = async (client: Client | undefined) => (await check(double, client)).record.share;
  // Two scenarios times two claims. A program that returns n is right for n = 0 only.
  assert.is(await shareOf(async (_, n) => n), 0.75);
  // It returns, and is never right.
  assert.is(await shareOf(async () => -1), 0.5);
  // It is right for n = 0, and throws for the other.
  const throws: Client = async (_, n) => {
    if (n > 0) throw new Error("too large");
    return 0;
  };
  assert.is(await shareOf(throws), 0.5);
  assert.is(await shareOf(async () => undefined), undefined);
  assert.is(await shareOf(right), undefined);
  assert.is(await shareOf(undefined), undefined);
});

test("an exercise's points stand in its record where they are not 1, and must be a finite number of at least 0", async () => {
  assert.is((await check(exercise({ ...double, points: 3 }), right)).record.points, 3);
  assert.is((await check(exercise({ ...double, points: 1 }), right)).record.points, undefined);
  for (const points of [-1, Number.NaN, Number.POSITIVE_INFINITY, "3"])
    assert.throws(
      () => exercise({ ...double, points: points as number }),
      (error: Error) =>
        error instanceof ParameterError && error.message.startsWith("exercise: points must be a finite"),
    );
});

test("of a single run nothing is counted", async () => {
  const once = exercise({ ...double, scenarios: { "n = 21": (answer: Client) => ask(answer, 21, 1) }, seeds: [1] });
  assert.is(text(await check(once, right)), "✓ double: passed.");
});

test("no answer is not an attempt, and not an error", async () => {
  forgetResults();
  const result = await check(double, undefined);
  assert.is(result.record.state, "not attempted");
  assert.is(result.record.attempts, 0);
  assert.match(text(result), "Return the server's answer to n.");
});

test("without an answer, the choices are told, and the unit of a number", async () => {
  const asked = { name: "who", statement: "Who waits?" };
  const who = exercise({ ...asked, choices: { a: "first", b: "second" }, correct: "b" });
  assert.match(text(await check(who, undefined)), 'Choose one of: "a" (first), "b" (second).');
  const long = exercise({ ...asked, value: 3, unit: "ms" });
  assert.match(text(await check(long, undefined)), "(A number, in ms.)");
});

test("an exercise tells how it is tried: its scenarios and seeds, what must hold, and that there are hints", () => {
  const bundle = (double as unknown as Displayable)[jupyterDisplay]();
  assert.is(
    bundle["text/plain"],
    [
      "double: Return the server's answer to n.",
      'It is run in the scenarios "n = 21", "n = 0", with each of the seeds 1, 2. In each run it must hold that',
      "- the client returns",
      "- it returns the answer",
      "Stuck? check(…, …, { hints: 1 }) gives the first of 2.",
    ].join("\n"),
  );
  for (const claim of Object.keys(double.claims)) assert.match(String(bundle["text/html"]), `<li>${claim}</li>`);
});

test("each wrong choice gets its own hint from the table, and names the mistake", async () => {
  const order = exercise({
    name: "order",
    statement: "Who is served first?",
    choices: { first: "who came first", last: "who came last", none: "nobody" },
    correct: "first",
    mistakes: { last: "That would be a stack." },
  });
  const last = await check(order, "last");
  assert.equal([last.record.mistake, last.hint], ["last", "That would be a stack."]);
  const none = await check(order, "none");
  assert.equal([none.record.state, none.record.mistake, none.hint], ["failed", undefined, ""]);
  const foreign = await check(order, "toString" as "none");
  assert.equal([foreign.record.mistake, foreign.hint], [undefined, ""]);
});

test("a wrong number is known within the exercise's tolerance, and the right one comes first", async () => {
  const mistakes = [
    { name: "double", value: 200, hint: "Twice as much." },
    { name: "nearly double", value: 204, hint: "The second." },
  ];
  const hundred = exercise({ name: "hundred", statement: "?", value: 100, unit: "", tolerance: 0.02, mistakes });
  const mistakeFor = async (answer: number) => (await check(hundred, answer)).record.mistake;
  assert.equal(await Promise.all([196, 200, 204, 205, 195.9, 102].map(mistakeFor)), [
    "double",
    "double",
    "double",
    "nearly double",
    undefined,
    undefined,
  ]);
  assert.ok((await check(hundred, 102)).passed);
  const either = exercise({ ...hundred, mistakes: [{ name: "either", value: [50, 70], hint: "Half, or so." }] });
  const hints = [51, 60, 69].map(async (answer) => (await check(either, answer)).hint);
  assert.equal(await Promise.all(hints), ["Half, or so.", "", "Half, or so."]);
  const negative = exercise({ ...hundred, mistakes: [{ name: "minus", value: -50, hint: "The sign." }] });
  assert.is((await check(negative, -50.5)).hint, "The sign.");
});

test("code between backticks in a hint is shown as code, and nothing else of it is taken for HTML", async () => {
  const wrong = exercise({
    name: "code",
    statement: "How many?",
    value: 3,
    unit: "",
    mistakes: [{ name: "one", recognise: (answer) => answer === 1, hint: "Use `queue<T>(n)`, not <b>." }],
  });
  const html = String((await check(wrong, 1))[jupyterDisplay]()["text/html"]);
  assert.match(html, "Hint: Use <code>queue&#60;T&#62;(n)</code>, not &#60;b&#62;.");
});

test("a failing run in which no time passes is not drawn", async () => {
  const result = await check(double, async () => undefined);
  assert.is(result.record.state, "failed");
  assert.is(result.diagram, undefined);
});

test("a wrong answer is told by claim, scenario and seed, with the hint for its mistake", async () => {
  const result = await check(double, async (_host, n) => n);
  assert.not.ok(result.passed);
  assert.is(
    result.message,
    'It does not hold that it returns the answer, in the scenario "n = 21" with seed 1: it returned 21.',
  );
  assert.is(result.hint, "That is n itself.");
  assert.equal(result.record.failedClaims, ["it returns the answer"]);
  assert.is(result.record.mistake, "returns n");
});

test("the diagram shows the smallest of the failing runs", async () => {
  const chatty: Client = async (host, n) => {
    const connection = await host.connect("server", 7);
    for (let i = 0; i < 3 + n; i++) {
      await connection.send(n);
      await connection.receive();
    }
    return "none";
  };
  const result = await check(double, chatty);
  assert.is(result.diagram?.rows.length, 6);
  assert.match(String(result[jupyterDisplay]()["text/html"]), "The smallest run in which it fails");
});

test("further hints come one after the other, and the result says how many there are", async () => {
  const wrong: Client = async () => 1;
  assert.match(text(await check(double, wrong)), "There are 2 more hints: check(…, …, { hints: 1 }).");
  const one = text(await check(double, wrong, { hints: 1 }));
  assert.match(one, "Hint 1: First hint.");
  assert.not.match(one, "Second hint");
  assert.match(one, "There is 1 more hint");
  assert.not.match(text(await check(double, wrong, { hints: 9 })), "more hint");
});

test("an error in the reader's program is told in its own words", async () => {
  const result = await check(double, async (host) => host.connect("server", 8));
  assert.match(result.message, /^Your program threw ConnectionRefused: /);
  assert.is(result.hint, "Which port?");
});

test("a program without end in virtual time stops at the scenario's limit, and the result says who waits on what", async () => {
  const result = await check(double, async (host) => {
    for (;;) await host.sleep(1);
  });
  assert.match(
    result.message,
    /unfinished when the run ended at t=1000.* a loop without end, .*answer on client waits: sleep/,
  );
});

test("a deadlock is told as such", async () => {
  const waits = exercise({
    name: "waits",
    statement: "End.",
    scenarios: {
      only: (answer: Client, seed) =>
        simulate(scenario({ hosts: { a: {} }, programs: { p: on("a", answer, 1) } }), { seed }),
    },
    claims: { "it ends": (run) => run.outcomes.p.how === "returned" },
  });
  const result = await check(waits, async (host) => (await host.listen(7)).accept());
  assert.match(result.message, /^Nothing can happen any more\. /);
});

test("a claim that is itself at fault is not blamed on the reader", async () => {
  const faulty = exercise({
    name: "faulty",
    statement: "-",
    scenarios: { only: (_answer: Client, seed) => ask(right, 1, seed) },
    claims: { "it holds": () => (undefined as unknown as { x: { y: boolean } }).x.y },
  });
  try {
    await check(faulty, right);
    assert.unreachable();
  } catch (error) {
    assert.ok(
      error instanceof ParameterError && /the claim "it holds" threw TypeError/.test(error.message),
      String(error),
    );
  }
});

test("an interrupted check is neither passed nor failed", async () => {
  forgetResults();
  const interrupted = exercise({
    name: "interrupted",
    statement: "-",
    scenarios: {
      only: async (_answer: Client): Promise<{ rows: [] }> => {
        throw Object.assign(new Error("stopped"), { name: "Interrupted" });
      },
    },
    claims: { "it holds": () => true },
  });
  try {
    await check(interrupted, right);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).name, "Interrupted");
  }
  assert.equal(exerciseResults(), []);
});

test("numbers are compared within the tolerance, and a known wrong one has its own hint", async () => {
  const load = exercise({
    name: "load",
    statement: "What is the load?",
    value: async () => 0.8,
    unit: "",
    tolerance: 0.05,
    mistakes: [{ name: "inverse", recognise: (answer) => Math.abs(answer - 1.25) < 0.01, hint: "Upside down." }],
  });
  assert.ok((await check(load, 0.84)).passed);
  assert.is((await check(load, 0.7)).message, "0.7 is too low.");
  assert.is((await check(load, 1.25)).hint, "Upside down.");
  assert.match((await check(load, Number.NaN)).message, "finite number");
});

test("a choice is right or not, and does not say which one would be", async () => {
  const who = exercise({ name: "who", statement: "Who waits?", choices: { a: "first", b: "second" }, correct: "b" });
  assert.ok((await check(who, "b")).passed);
  assert.is((await check(who, "a")).message, '"a" is not it.');
});

test("results accumulate: attempts are counted, a passed exercise stays passed, and a grader gets them as JSON", async () => {
  forgetResults();
  const wrong: Client = async () => 1;
  await check(double, wrong, { hints: 1 });
  await check(double, right);
  const after = await check(double, wrong);
  assert.equal(after[jupyterDisplay]()[checkMime], after.record);
  assert.equal(exerciseResults(), [
    { exercise: "double", state: "passed", attempts: 3, failedClaims: [], hintsShown: 1 },
  ]);
  const folder = mkdtempSync(join(tmpdir(), "handoff-"));
  try {
    assert.is(exportResults(join(folder, "results.json")), 1);
    assert.equal(JSON.parse(readFileSync(join(folder, "results.json"), "utf8")), { results: exerciseResults() });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("an exercise with two kinds of answer, without claims or with a wrong solution is refused", () => {
  const refused = (f: () => unknown, message: RegExp) =>
    assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));
  const texts = { name: "x", statement: "y" };
  refused(() => exercise({ ...texts } as never), /exactly one of scenarios/);
  refused(() => exercise({ ...texts, value: 1, unit: "", choices: {} } as never), /exactly one of/);
  refused(
    () => exercise({ ...texts, scenarios: { a: async () => ({ rows: [] }) }, claims: {} }),
    /^exercise: claims must be/,
  );
  refused(
    () => exercise({ ...texts, choices: { a: "1" }, correct: "b" as "a" }),
    /^exercise: correct must be one of a, got "b"/,
  );
  const choice = { ...texts, choices: { a: "1", b: "2" }, correct: "b" } as const;
  refused(
    () => exercise({ ...choice, mistakes: { b: "It is right." } }),
    /^exercise: mistakes\["b"\] must be for a wrong choice of a, b, got "It is right\."/,
  );
  refused(() => exercise({ ...choice, mistakes: { c: "-" } as never }), /^exercise: mistakes\["c"\]/);
  refused(
    () => exercise({ ...choice, mistakes: { a: 1 } as never }),
    /^exercise: mistakes\["a"\] must be a hint, got 1/,
  );
  refused(() => exercise({ ...texts, value: Number.NaN, unit: "" }), /^exercise: value/);
  refused(() => exercise({ ...texts, value: 1, unit: "", mistakes: [{} as never] }), /^exercise: mistakes\[0\]/);
  const nan = { name: "n", value: Number.NaN, hint: "h" };
  refused(
    () => exercise({ ...texts, value: 1, unit: "", mistakes: [nan] }),
    /^exercise: mistakes\[0\] must be { name, value or recognise, hint }/,
  );
  for (const value of [[], [1, Number.NaN]])
    refused(
      () => exercise({ ...texts, value: 1, unit: "", mistakes: [{ ...nan, value }] }),
      /^exercise: mistakes\[0\] must be/,
    );
});

test.run();
