/** What readers of other notebooks write, and what to write here instead. */
import type { Diagnostic } from "./typescript.js";

/** What takes the place of a magic command of IPython. */
const magics: Readonly<Record<string, string>> = {
  time: 'console.time("cell"); …; console.timeEnd("cell");',
  timeit: 'console.time("cell"); …; console.timeEnd("cell");',
  cd: 'process.chdir("…");',
  pwd: "process.cwd()",
  env: "process.env",
  pip: "npm install …  in a terminal, in the folder of the notebook",
  conda: "npm install …  in a terminal, in the folder of the notebook",
  npm: "npm install …  in a terminal, in the folder of the notebook",
  matplotlib:
    'import * as Plot from "@observablehq/plot"; and as the last value: Plot.plot({ marks: [Plot.dot([1, 4, 9])] })',
  html: 'import { display } from "tslab"; display.html("…");',
  javascript: "the code itself: every cell is TypeScript",
  js: "the code itself: every cell is TypeScript",
  who: "the name of a variable as a cell's last line",
  whos: "the name of a variable as a cell's last line",
};

// What follows in TypeScript is an operator.
const commandLine = /^\s*!\s*([\w./-]+)(\s+(?!&&|\|\||\?|[=!]==?\s|instanceof\b|in\b).*)?$/;
const magicLine = /^\s*%{1,2}([a-zA-Z]\w*)\b(.*)$/;
const helpLine = /^\s*(?:\?{1,2}\s*([\w.]+)|([\w.]+)\s*\?{1,2})\s*$/;

/**
 * Of a cell that does not compile: what is the matter if one of its lines is a command of the system, a magic or a question in the
 * manner of IPython. In its place stands one sentence.
 */
export function habit(source: string, diagnostics: readonly Diagnostic[]): Diagnostic | undefined {
  const lines = source.split("\n");
  const wrong = new Set(diagnostics.filter(({ fileName }) => !fileName).map(({ start }) => start.line));
  for (const line of [...wrong].sort((a, b) => a - b)) {
    const text = (lines[line] ?? "").replace(/\r$/, "");
    const messageText = instead(text, (name) =>
      diagnostics.some(
        (each) => each.start.line === line && each.code === 2304 && each.messageText.includes(`'${name}'`),
      ),
    );
    if (!messageText) continue;
    const character = text.search(/\S/);
    const start = { line, character, offset: 0 };
    return { start, end: start, messageText, code: 0, category: 1 };
  }
  return undefined;
}

function instead(line: string, isUnknown: (name: string) => boolean): string | undefined {
  const [, magic] = magicLine.exec(line) ?? [];
  if (magic !== undefined) {
    const here = /^(bash|sh|script|system|sx)$/.test(magic) ? shell("…") : magics[magic];
    return `%${magic} is a magic of IPython, which TypeScript has not${here ? `. Write instead: ${here}` : ""}`;
  }
  const [, program, rest = ""] = commandLine.exec(line) ?? [];
  if (program !== undefined && (/\W/.test(program) || isUnknown(program))) {
    const command = `${program}${rest.trimEnd()}`;
    const here = /^(pip3?|conda|npm)$/.test(program) ? magics[program === "npm" ? "npm" : "pip"] : shell(command);
    return `a line that begins with ! is a command of the system in IPython, not in TypeScript. Write instead: ${here}`;
  }
  const [, before, behind] = helpLine.exec(line) ?? [];
  const name = before ?? behind;
  if (name === undefined) return undefined;
  return `${line.trim()} asks IPython what a name is. Here: put the cursor behind ${name} and press Shift+Tab`;
}

function shell(command: string): string {
  const quoted = command === "…" ? '"…"' : JSON.stringify(command);
  return `import { execSync } from "node:child_process"; console.log(execSync(${quoted}, { encoding: "utf8" }));`;
}
