import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Figure } from "kernel-lib";
import ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

const test = suite("the example that opens each room");
const folder = inRoot("build", "room-examples");

const rooms = readdirSync(inRoot("kernel-lib"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !["dist", "node_modules"].includes(entry.name))
  .map(({ name }) => name);

/** The TypeScript in the comment that opens a room's index.ts. */
function exampleOf(room: string): string | undefined {
  const [comment = ""] = /^\/\*\*[\s\S]*?\*\//.exec(readFileSync(inRoot("kernel-lib", room, "index.ts"), "utf8")) ?? [];
  const [, code] = /```ts\n([\s\S]*?)```/.exec(comment.replace(/^ \* ?/gm, "")) ?? [];
  return code;
}

const fileOf = (room: string): string => path.join(folder, `${room}.ts`);

test.before(() => {
  mkdirSync(folder, { recursive: true });
  for (const room of rooms) writeFileSync(fileOf(room), exampleOf(room) ?? "");
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test("every room has one", () => {
  assert.ok(rooms.length >= 8, rooms.join(", "));
  assert.equal(
    rooms.filter((room) => exampleOf(room) === undefined),
    [],
  );
});

test("every example has the types that it needs", () => {
  const { config } = ts.readConfigFile(inRoot("tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, inRoot());
  const program = ts.createProgram(rooms.map(fileOf), { ...options, noEmit: true });
  const found = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    return `${path.basename(file?.fileName ?? "")}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
  assert.equal(found, []);
});

/** What each example must print. */
const wanted: Readonly<Record<string, (said: readonly unknown[]) => boolean>> = {
  simulation: ([interval]) => {
    const [low = NaN, high = NaN] = String(interval).split(" to ").map(Number);
    return low < 60 && 60 < high;
  },
  theory: ([one, two]) => Math.abs((one as number) - 40) < 1e-9 && Math.abs((two as number) - 17.78) < 0.05,
  world: ([ask, , tries]) =>
    JSON.stringify(ask) === '{"answer":"hello","afterMs":40}' && Math.abs((tries as number) - 1.5625) < 0.1,
  protocol: ([square]) => square === 144,
  interfaces: ([lost, nothing]) => String(lost).startsWith("dentist: phone shows 9:00") && nothing === undefined,
  transparency: ([sum]) => sum === 5,
  cluster: ([turns, same]) => (turns as string[]).join() === "a,b,c,a" && same === true,
  server: ([load]) => (load as { requests: number }).requests === 200,
  migration: ([stop]) => JSON.stringify(stop) === '{"why":"finished","results":[500500]}',
  live: ([predicted, measured]) => predicted === 10 && (measured as number) >= 10,
  workbook: ([figure, responseMs]) => figure instanceof Figure && Math.abs((responseMs as number) - 50) < 10,
  exercises: ([passed, mistake]) => passed === false && mistake === "returns what it sent",
};

for (const room of rooms)
  test(`that of ${room} says what its comments say`, async () => {
    const said: unknown[] = [];
    const { log } = console;
    console.log = (...values: unknown[]) => void said.push(...values);
    try {
      await import(pathToFileURL(fileOf(room)).href);
    } finally {
      console.log = log;
    }
    assert.ok(wanted[room]?.(said), JSON.stringify(said));
  });

test.run();
