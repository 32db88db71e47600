import { createHash } from "node:crypto";
import { simulate } from "kernel-lib";
import { busyScenario } from "./busy-scenario.js";

/** Prints a hash of the busy scenario's rows: run with other flags of Node, it must be the same. */
const { rows } = await simulate(busyScenario, { seed: 11 });
console.log(createHash("sha256").update(JSON.stringify(rows)).digest("hex"), rows.length);
