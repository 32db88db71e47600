/**
 * Records what notebook 01 shows where there are no programs of X: what four programs send to our display, how they start at
 * some distances from Xvfb, and what code one of them has in memory. Run it with `npx tsx scripts/record-x.ts` on Linux with x11-apps and
 * xvfb.
 */
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { codeInMemory, measureXStarts, startXScreen, type XStartRow } from "kernel-lib";
import { inRoot } from "./setup/paths.mjs";

const machine = "on Debian 12, x11-apps 7.7+9, Xvfb 21.1.7, Node 20, by scripts/record-x.ts";
const save = (name: string, what: string, rows: readonly object[]): void => {
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
let calculatorPid = 0;
for (const [i, name] of names.entries()) {
  calculatorPid = (await screen.start(name, ...(places[name] ?? []))).pid;
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
const code = codeInMemory(calculatorPid);
await screen.close();
save("x-programs", "what four programs sent to our display, as base64, by stages", rows);
save("xcalc-code", "Rss of the executable mappings of xcalc, in kilobytes (/proc/pid/smaps)", code);

const starts: XStartRow[] = [];
for (const program of ["xlogo", "xeyes"]) starts.push(...(await measureXStarts(program, { roundTripsMs: [60, 120] })));
save("x-starts", "starts of two programs through a tap before Xvfb; times in ms", starts);
