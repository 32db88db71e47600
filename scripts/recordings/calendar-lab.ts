/** Records what notebook 01 shows where Radicale is not installed: `npx tsx scripts/recordings/calendar-lab.ts`, after `npm run radicale`. */
import { calendarLab } from "kernel-lib";
import { writeRecorded } from "./recorded.js";

const { rows, server, lastTitle, keptUnknown } = await calendarLab();
writeRecorded("calendar-lab", server, {
  remark:
    "What calendarLab returned: two devices and a real calendar server, request by request. Bytes are those of the whole request and answer.",
  server,
  lastTitle,
  keptUnknown,
  rows,
});
