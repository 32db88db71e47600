import { writeFileSync } from "node:fs";
import os from "node:os";
import { inRoot } from "../setup/paths.mjs";

/** Writes a dataset that was recorded on this machine; `tools` are what was recorded, with their versions. */
export function writeRecorded(name: string, tools: string, contents: Readonly<Record<string, unknown>>): void {
  const system = `${os.type()} ${os.release().split(".").slice(0, 2).join(".")}`;
  const source = `Recorded for this workbook on ${system}: ${tools}, Node ${process.versions.node.split(".")[0]}`;
  const text = JSON.stringify({ source, ...contents }, null, 2);
  writeFileSync(inRoot("datasets", "recorded", `${name}.json`), `${text}\n`);
}
