/** Records what notebook 07 shows where the lab can't run: `npx tsx scripts/recordings/hand-off-lab.ts`. */
import { writeFileSync } from "node:fs";
import os from "node:os";
import { handOffLab } from "kernel-lib";
import { inRoot } from "../setup/paths.mjs";

const recorded = {
  source: `Recorded for this workbook on ${os.type()} ${os.release().split(".").slice(0, 2).join(".")}, Node ${process.versions.node.split(".")[0]}`,
  remark: "What handOffLab() returned: one reply of 1 MiB by each way through a front end.",
  rows: await handOffLab(),
};
writeFileSync(inRoot("datasets", "recorded", "hand-off-lab.json"), `${JSON.stringify(recorded, null, 2)}\n`);
