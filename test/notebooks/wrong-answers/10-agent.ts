import type { AnswersFrom } from "../wrong-answers.js";

const agent = (body: string) => `export function run(places: i32): f64 { ${body} }`;

const answers: AnswersFrom = () => ({
  mistakes: {
    "stays at home": agent("let t = stock(); for (let i = 0; i < places; i++) t += stock(); return t;"),
    "does not go to the end": agent(
      "let t = stock(); for (let i = 0; i < places - 1; i++) if (go(i)) t += stock(); return t;",
    ),
    "goes too far": agent("let t = stock(); for (let i = 0; i <= places; i++) if (go(i)) t += stock(); return t;"),
    "forgets home": agent("let t: f64 = 0; for (let i = 0; i < places; i++) if (go(i)) t += stock(); return t;"),
    "gives up at a closed place": agent(
      "let t = stock(); for (let i = 0; i < places; i++) { if (!go(i)) break; t += stock(); } return t;",
    ),
    "from the last to the first": agent(
      "let t = stock(); for (let i = places - 1; i >= 0; i--) if (go(i)) t += stock(); return t;",
    ),
    "compares the stocks": agent(
      "let last = stock(); let t = last; for (let i = 0; i < places; i++) { go(i); const s = stock(); if (s != last) t += s; last = s; } return t;",
    ),
    "keeps only the last": agent("let t = stock(); for (let i = 0; i < places; i++) if (go(i)) t = stock(); return t;"),
    "does not end": agent("while (places >= 0) {} return 0;"),
    "has another name": "export function walk(places: i32): f64 { return 0; }",
    traps: agent("assert(false, `no stock`); return 0;"),
    "counts twice": agent("let t = stock(); for (let i = 0; i < places; i++) { go(i); t += stock(); } return t;"),
  },
  wrong: {
    "from the second place": agent(
      "let t = stock(); for (let i = 1; i < places; i++) if (go(i)) t += stock(); return t;",
    ),
    "does not compile": "export function run(places: i32): f64 { return total; }",
    "an index beyond the end": agent(
      "const stocks = new StaticArray<f64>(places); for (let i = 0; i < places; i++) if (go(i)) stocks[i + 1] = stock(); return stocks[0];",
    ),
  },
  right: {
    "from the last to the first stock": agent(
      "const stocks = new StaticArray<f64>(places + 1); stocks[0] = stock(); let n = 1; for (let i = 0; i < places; i++) if (go(i)) stocks[n++] = stock(); let t: f64 = 0; while (n > 0) t += stocks[--n]; return t;",
    ),
  },
});
export default answers;
