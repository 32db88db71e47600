import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ExecuteOptions, Execution } from "../../jupyter/client/client.js";
import { encode, makeHeader } from "../../jupyter/wire.js";
import { errorsOf, eventually, interruptPromptly, kernelOf, resultOf, textOf } from "./support.js";

const test = suite("kernel: input");
const kernel = kernelOf(test);

/** Runs a cell and answers its questions in order; what has no answer is not answered. */
async function asked(code: string, ...answers: string[]): Promise<Execution & { readonly prompts: string[] }> {
  const prompts: string[] = [];
  const onInput: ExecuteOptions["onInput"] = (prompt) => {
    prompts.push(prompt);
    return answers.shift() ?? new Promise(() => {});
  };
  return { ...(await kernel().execute(code, { onInput })), prompts };
}

const lines =
  'import { createInterface } from "node:readline/promises";\nconst { stdin: input, stdout: output } = process;\n';

test("prompt() is a line of the reader's, at once, as in a browser", async () => {
  const ran = await asked(
    'const who: string | null = prompt("Who?");\nconst age = Number(prompt("Age:"));\n[who, age]',
    "Ana é 🚀",
    "7",
  );
  assert.equal([errorsOf(ran), resultOf(ran), ran.prompts], [[], "[ 'Ana é 🚀', 7 ]", ["Who? ", "Age: "]]);
});

test("prompt() gives its default for an empty line, and null for the end of input", async () => {
  const ran = await asked('[prompt("Who?", "me"), prompt(), prompt("Who?", "me")]', "", "", "\x04");
  assert.equal([resultOf(ran), ran.prompts], ["[ 'me', '', null ]", ["Who? [me] ", "", "Who? [me] "]]);
});

test("prompt() in a function, a loop, a timer and behind an await is answered too", async () => {
  const code = `const ask = () => prompt("?");
const got = [];
for (let i = 0; i < 3; i++) got.push(ask());
await Promise.resolve();
got.push(ask());
got.push(await new Promise((resolve) => setTimeout(() => resolve(ask()), 5)));
got.join()`;
  assert.is(resultOf(await asked(code, "a", "b", "c", "d", "e")), "'a,b,c,d,e'");
});

test("a long answer comes whole, and what was printed before a question is shown before it", async () => {
  let printedBefore = "";
  const long = "é".repeat(200_000);
  const ran = await kernel().execute('console.log("before"); (prompt("?") ?? "").length', {
    onMessage: ({ header, content }) => {
      if (header.msg_type === "stream") printedBefore += content.text;
    },
    onInput: async () => {
      await eventually(() => printedBefore !== "");
      return long;
    },
  });
  assert.equal([resultOf(ran), printedBefore], ["200000", "before\n"]);
});

test("readline's question asks with its text, with promises and with callbacks, and a forgotten close ends no cell late", async () => {
  const promised = `${lines}const rl = createInterface({ input, output });
const first = await rl.question("First? ");
const second = await rl.question("Second? ");
first + second`;
  const ran = await asked(promised, "1", "2");
  assert.equal([errorsOf(ran), resultOf(ran), ran.prompts, textOf(ran)], [[], "'12'", ["First? ", "Second? "], ""]);
  const called = `import * as readline from "readline";
const lines = readline.createInterface({ input: process.stdin, output: process.stdout });
lines.question("Name? ", (name) => {
  console.log("Hello " + name);
  lines.question("And? ", (more) => { console.log(more); lines.close(); });
});`;
  const later = await asked(called, "Ana", "Rui");
  assert.equal([errorsOf(later), textOf(later), later.prompts], [[], "Hello Ana\nRui\n", ["Name? ", "And? "]]);
});

test("readline's lines are asked for one after the other, until the loop is left or the input ends", async () => {
  const loop = `${lines}const got: string[] = [];
for await (const line of createInterface({ input })) {
  if (line === "") break;
  got.push(line);
}
got.join()`;
  const left = await asked(loop, "a", "b", "", "never asked for");
  assert.equal([errorsOf(left), resultOf(left), left.prompts.length], [[], "'a,b'", 3]);
  assert.is(resultOf(await asked(loop, "a", "\x04")), "'a'");
  const listened = `${lines}const heard: string[] = [];
const rl = createInterface({ input });
rl.on("line", (line) => { heard.push(line); if (line === "end") rl.close(); });
rl.on("close", () => console.log(heard.join()));`;
  assert.is(textOf(await asked(listened, "x", "end")), "x,end\n");
});

test("process.stdin gives a line for each read, and is there again in the next cell", async () => {
  const once = 'import { once } from "node:events";\nString((await once(process.stdin, "data"))[0])';
  for (const word of ["one", "two"]) {
    const ran = await asked(once, word);
    assert.equal([errorsOf(ran), resultOf(ran), ran.prompts.length], [[], `'${word}\\n'`, 1]);
  }
  const all = 'let text = "";\nfor await (const chunk of process.stdin) text += chunk;\ntext';
  for (let i = 0; i < 2; i++) assert.is(resultOf(await asked(all, "a", "b", "\x04")), "'a\\nb\\n'");
});

const refused = {
  'prompt("?")': /prompt: .*allow_stdin is false/,
  [`${lines}await createInterface({ input, output }).question("?")`]: /question: .*allow_stdin is false/,
  'import * as cb from "node:readline";\ncb.createInterface({ input: process.stdin }).question("?", () => {})':
    /question: .*allow_stdin/,
  [`${lines}for await (const line of createInterface({ input })) console.log(line);`]:
    /readline: .*allow_stdin is false/,
  "for await (const chunk of process.stdin) console.log(chunk);": /process\.stdin: .*allow_stdin is false/,
  'import { readFileSync } from "node:fs";\nreadFileSync(0, "utf8")': /readFileSync: a cell has no standard input/,
};

test("where the front end lets nobody be asked, each way to ask is an error at once", async () => {
  for (const [code, message] of Object.entries(refused)) {
    const startedMs = performance.now();
    const ran = await kernel().execute(code);
    assert.is(ran.status, "error", code);
    assert.match(errorsOf(ran)[0]?.evalue ?? "", message, code);
    assert.is(errorsOf(ran)[0]?.ename, "NoInput", code);
    assert.ok(performance.now() - startedMs < 5000, code);
  }
});

test("a front end that allows input but has no stdin channel is told of, and the cell fails", async () => {
  const { key } = kernel().connection;
  const header = makeHeader("execute_request", "another client");
  const content = { code: 'prompt("?")', silent: false, store_history: true, user_expressions: {}, allow_stdin: true };
  const errors: string[] = [];
  const off = kernel().onIopub(({ header: { msg_type }, parent, content: { evalue } }) => {
    if (msg_type === "error" && parent.msg_id === header.msg_id) errors.push(String(evalue));
  });
  // Named as nobody is on the other channel.
  const { Dealer } = await import("zeromq");
  const other = new Dealer({ routingId: "another client", linger: 0 });
  other.connect(`tcp://127.0.0.1:${kernel().connection.shell_port}`);
  await other.send(encode(key, { identities: [], header, parent: {}, metadata: {}, content }));
  await eventually(() => errors.length > 0);
  off();
  other.close();
  assert.match(errors.join(), /no channel for input/);
});

test("Interrupt stops a cell that waits for input, and a late answer goes to nobody", async () => {
  const waits = [
    'console.log("asks"); prompt("?")',
    'console.log("asks"); for (;;) try { prompt("?") } catch {}',
    `${lines}console.log("asks"); await createInterface({ input, output }).question("?")`,
    'console.log("asks"); for await (const chunk of process.stdin) console.log(chunk);',
  ];
  for (const code of waits) {
    let answer = (_line: string) => {};
    const asking = new Proxy(kernel(), {
      get: (target, name) =>
        name === "execute"
          ? (source: string, options: ExecuteOptions) =>
              target.execute(source, {
                ...options,
                onInput: () =>
                  new Promise((resolve) => {
                    answer = resolve;
                  }),
              })
          : Reflect.get(target, name).bind(target),
    });
    const ran = await interruptPromptly(asking, "asks", code);
    assert.equal(
      errorsOf(ran).map(({ ename }) => ename),
      ["Interrupted"],
      code,
    );
    answer("too late");
    const next = await asked('prompt("next?")', "in time");
    assert.equal([resultOf(next), next.prompts], ["'in time'", ["next? "]], code);
  }
});

test("a question that is given up is not answered by what comes after it", async () => {
  const code = `${lines}const rl = createInterface({ input, output });
const late = await rl.question("slow? ", { signal: AbortSignal.timeout(100) }).catch((error) => error.name);
rl.close();
[late, prompt("then?")]`;
  const prompts: string[] = [];
  const ran = await kernel().execute(code, {
    onInput: (prompt) => {
      prompts.push(prompt);
      // The answer to the first comes while the second stands.
      return new Promise((resolve) =>
        prompt === "then? " ? setTimeout(resolve, 800, "now") : setTimeout(resolve, 400, "too late"),
      );
    },
  });
  assert.equal([resultOf(ran), prompts], ["[ 'AbortError', 'now' ]", ["slow? ", "then? "]]);
});

test("a timer of a cell that has ended is told that only a cell that runs can ask", async () => {
  const ran = await asked(
    "setTimeout(() => { try { prompt('?') } catch (error) { console.log(String(error)) } }, 50);",
  );
  assert.is(ran.status, "ok");
  let said = "";
  const off = kernel().onIopub(({ header, content }) => {
    if (header.msg_type === "stream") said += content.text;
  });
  await eventually(() => said !== "");
  off();
  assert.match(said, "NoInput: prompt: only a cell that runs can ask for input");
});

test("a cell fails while a question is open, and the next one is not asked for it", async () => {
  const code = `${lines}void createInterface({ input, output }).question("open? ").then(console.log, () => {});\nthrow new Error("no");`;
  const ran = await asked(code, "late");
  assert.is(ran.status, "error");
  assert.is(resultOf(await asked('prompt("own?")', "mine")), "'mine'");
});

test.run();
