import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type CalendarLabResult, calendarLab, dataset, startCalendarServer } from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../../../scripts/setup/paths.mjs";
import { installPythonPackages } from "../../../../scripts/setup/python-packages.mjs";
import { failureOf } from "../../../world/both-worlds.js";

const test = suite("live: a real calendar server");

let told: CalendarLabResult;
test.before(async () => {
  await installPythonPackages("scripts/radicale/requirements.txt", inRoot("build", "radicale"));
  told = await calendarLab();
});

const of = (step: string) => told.rows.filter((row) => row.step === step);
const statuses = (step: string) => of(step).map(({ status }) => status);

test("a new entry is taken once: If-None-Match fails the second time", () => {
  assert.equal(statuses("puts a new entry"), [201]);
  assert.equal(statuses("puts it again, since it had no answer"), [412]);
});

test("a change is taken with the ETag that was read, and refused with the one before; without a condition it overwrites", () => {
  assert.equal(statuses("puts its change"), [204]);
  assert.equal(statuses("puts its change of the version before"), [412]);
  assert.equal(statuses("puts it without a condition"), [204]);
  assert.is(told.lastTitle, "Dentist, by laptop", "the phone's change is gone, and nobody was told");
});

test("a property that the server does not know comes back with its parameter", () => {
  assert.is(told.keptUnknown, true);
});

test("a sync token tells of what has changed and of nothing else; one that is unknown is refused as RFC 6578 says", () => {
  assert.equal(
    of("asks again: nothing has").map(({ said }) => said),
    ["0 entries"],
  );
  assert.equal(
    of("asks again: one has").map(({ said }) => said),
    ["1 entry"],
  );
  assert.equal(
    of("asks again: one is gone").map(({ said }) => said),
    ["0 entries, 1 gone"],
  );
  assert.equal(
    of("names a token that the server does not know").map(({ status, said }) => [status, said]),
    [[403, "valid-sync-token"]],
  );
  assert.match(of("begins anew, without a token")[0]?.said ?? "", /^40 entries/);
});

test("where nothing has changed, a token costs less than a twentieth of a listing of 41 entries", () => {
  const [listing] = of("lists all versions");
  const [nothing] = of("asks again: nothing has");
  assert.is(listing?.said, "41 entries");
  assert.ok((nothing?.receivedBytes ?? Infinity) < (listing?.receivedBytes ?? 0) / 20);
});

test("the recorded run says the same as this one, within a twentieth of its bytes", () => {
  const { rows } = dataset<CalendarLabResult["rows"][number]>("calendar-lab");
  const bare = (all: CalendarLabResult["rows"]) => all.map(({ sentBytes: _, receivedBytes: __, ...row }) => row);
  assert.equal(bare(rows), bare(told.rows));
  for (const [i, row] of rows.entries())
    for (const field of ["sentBytes", "receivedBytes"] as const)
      assert.ok(Math.abs((told.rows[i]?.[field] ?? 0) / row[field] - 1) < 0.05, `${row.step}: ${field}`);
});

const stores = inRoot("build", "calendars");
const ownStores = (pid = process.pid) =>
  existsSync(stores) ? readdirSync(stores).filter((name) => name.startsWith(`${pid}-`)) : [];

test("when it is closed, nothing listens and nothing is left of it", async () => {
  const server = await startCalendarServer();
  assert.is(ownStores().length, 1);
  await server.close();
  assert.equal(ownStores(), []);
  const socket = connect(server.port, "127.0.0.1");
  const [error] = await once(socket, "error");
  assert.is(error.code, "ECONNREFUSED");
});

test("when its owner is killed, it ends, and the next one takes away what was left", async () => {
  const file = inRoot("test", "live", "labs", "calendar", "calendar-victim.ts");
  const victim = spawn(process.execPath, ["--import", "tsx", file], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(victim.stdout, "data");
  const port = Number(String(line));
  victim.kill("SIGKILL");
  await once(victim, "exit");
  const refused = () =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(false)).once("error", () => resolve(true));
      socket.once("connect", () => socket.destroy());
    });
  for (let tries = 0; !(await refused()); tries++) {
    assert.ok(tries < 200, "it still listens");
    await sleep(50);
  }
  assert.is(ownStores(victim.pid).length, 1);
  await (await startCalendarServer()).close();
  assert.equal(ownStores(victim.pid), []);
});

test("where it is not installed, the error says what to type", async () => {
  const elsewhere = inRoot("build", "tmp", `no-radicale-${process.pid}`);
  cpSync(inRoot("kernel-lib", "dist"), `${elsewhere}/kernel-lib/dist`, { recursive: true });
  try {
    const program = `import("${elsewhere}/kernel-lib/dist/index.js").then(({ calendarLab }) => calendarLab()).catch((error) => console.log(error.name + ": " + error.message))`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
    assert.is(
      stdout,
      "ToolMissing: Radicale, a calendar server, is not installed: in the workbook's folder, type npm run radicale\n",
    );
  } finally {
    rmSync(elsewhere, { recursive: true, force: true });
  }
});

test("bad options are named", async () => {
  const said = await failureOf(() => calendarLab({ otherEntries: -1 }));
  assert.is(said, "ParameterError: calendarLab: otherEntries must be a whole number from 0 to 1000, got -1");
});

test.run();
