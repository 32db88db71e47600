/**
 * Records what notebook 01 shows where there are no programs of X: what four programs send to our display, how they start at
 * some distances from Xvfb, and what code one of them has in memory. Run it with `npx tsx scripts/record-x.ts` on Linux with x11-apps and
 * xvfb; names of datasets behind it choose what is written.
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { codeInMemory, measureXStarts, startXScreen, type XStartRow } from "kernel-lib";
import { inRoot } from "./setup/paths.mjs";

const machine = "on Debian 12, x11-apps 7.7+9, Xvfb 21.1.7, Node 20, by scripts/record-x.ts";
const save = (name: string, what: string, rows: readonly object[]): void => {
  const wanted = process.argv.slice(2);
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const source = `Recorded for this workbook ${machine}: ${what}`;
  writeFileSync(inRoot("datasets", "recorded", `${name}.json`), `${JSON.stringify({ source, rows }, undefined, 2)}\n`);
};

const places: Readonly<Record<string, readonly string[]>> = {
  xlogo: ["-geometry", "120x120+20+20"],
  xeyes: ["-geometry", "200x140+180+20", "-bg", "ivory"],
  xclock: ["-geometry", "160x160+440+20"],
  xcalc: ["-geometry", "+200+190"],
};

const sent = new Map<string, Buffer[]>();
const rows: { program: string; stage: string; sent: string }[] = [];
const names = Object.keys(places);
const screen = await startXScreen({
  width: 640,
  height: 600,
  onSent: (client, bytes) =>
    sent.set(names[client] as string, [...(sent.get(names[client] as string) ?? []), Buffer.from(bytes)]),
});
const endStage = (stage: string): void => {
  for (const [program, pieces] of sent) rows.push({ program, stage, sent: Buffer.concat(pieces).toString("base64") });
  sent.clear();
};
const children: Awaited<ReturnType<typeof screen.start>>[] = [];
for (const [i, name] of names.entries()) {
  children.push(await screen.start(name, ...(places[name] ?? [])));
  await screen.settled({ windows: i + 1 });
}
endStage("start");
for (const [stage, x, y] of [
  ["left", 30, 560],
  ["right", 610, 30],
] as const) {
  screen.display.movePointer(x, y);
  await sleep(1000);
  endStage(stage);
}
screen.display.movePointer(300, 400);
await sleep(200);
sent.clear();
await screen.type("12*34=");
await sleep(1000);
endStage("408");
const calculator = children.at(-1) as (typeof children)[0];
const code = codeInMemory(calculator.pid);
const windowsBefore = screen.display.windows.length;
calculator.kill();
await calculator.ended;
await screen.settled({ quietMs: 500 });
const windowsAfter = screen.display.windows.length;
await screen.close();
const ends = await Promise.all(children.slice(0, -1).map(({ ended }) => ended));
const exitCodes = ends.map(({ code }) => code);
save("x-programs", "what four programs sent to our display, as base64, by stages", rows);
save("xcalc-code", "Rss of the executable mappings of xcalc, in kilobytes (/proc/pid/smaps)", code);
save("x-ends", "xcalc is killed, then the display goes: windows, and the exit codes of the three others", [
  { windowsBefore, windowsAfter, exitCodes },
]);

const starts: XStartRow[] = [];
for (const program of ["xlogo", "xeyes"]) starts.push(...(await measureXStarts(program, { roundTripsMs: [60, 120] })));
save("x-starts", "starts of two programs through a tap before Xvfb; times in ms", starts);
