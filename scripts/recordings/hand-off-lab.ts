/** Records what notebook 07 shows where the lab can't run: `npx tsx scripts/recordings/hand-off-lab.ts`. */
import { frontEndCosts, handOffLab } from "kernel-lib";
import { writeRecorded } from "./recorded.js";

writeRecorded("hand-off-lab", "nginx 1.22, haproxy 2.6", {
  remark:
    "What handOffLab() returned: one reply of 1 MiB by each way through a front end. costs is what frontEndCosts({ requests: 200 }) returned.",
  rows: await handOffLab(),
  costs: await frontEndCosts({ requests: 200 }),
});
