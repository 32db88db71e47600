/** Records what notebook 01 shows where Radicale is not installed: `npx tsx scripts/recordings/calendar-lab.ts`, after `npm run radicale`. */
import { writeFileSync } from "node:fs";
import os from "node:os";
import { calendarLab } from "kernel-lib";
import { inRoot } from "../setup/paths.mjs";

const { rows, server, lastTitle, keptUnknown } = await calendarLab();
const recorded = {
  source: `Recorded for this workbook on ${os.type()} ${os.release().split(".").slice(0, 2).join(".")}: ${server}, Node ${process.versions.node.split(".")[0]}`,
  remark:
    "What calendarLab returned: two devices and a real calendar server, request by request. Bytes are those of the whole request and answer.",
  server,
  lastTitle,
  keptUnknown,
  rows,
};
writeFileSync(inRoot("datasets", "recorded", "calendar-lab.json"), `${JSON.stringify(recorded, null, 2)}\n`);
