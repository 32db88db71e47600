/** Records what notebook 07 shows where the lab can't run: `npx tsx scripts/recordings/hand-off-lab.ts`. */
import { writeFileSync } from "node:fs";
import os from "node:os";
import { frontEndCosts, handOffLab } from "kernel-lib";
import { inRoot } from "../setup/paths.mjs";

const recorded = {
  source: `Recorded for this workbook on ${os.type()} ${os.release().split(".").slice(0, 2).join(".")}, Node ${process.versions.node.split(".")[0]}`,
  remark:
    "What handOffLab() returned: one reply of 1 MiB by each way through a front end. costs is what frontEndCosts({ requests: 200 }) returned, with nginx 1.22 and haproxy 2.6.",
  rows: await handOffLab(),
  costs: await frontEndCosts({ requests: 200 }),
};
writeFileSync(inRoot("datasets", "recorded", "hand-off-lab.json"), `${JSON.stringify(recorded, null, 2)}\n`);
