/**
 * What {@link handOffLab} runs in the network of its own: takes the plan as its argument, and prints the rows.
 *
 * @internal
 */
import { once } from "node:events";
import type { CostsPlan, FrontEndCostRow, HandOffRow, Plan, TrafficPlan } from "./hand-off-lab.js";
import { digestOf, type Question, type Questions, replyOf, spawnMachine } from "./machine.js";
import { address, build, type MachineName, must } from "./network.js";

const plan = JSON.parse(process.argv[2] as string) as Plan;

build();
// Processes by their numbers in here, not by those that the rest of the machine knows them by.
if (plan.measures === "costs") must("mount", "-t proc proc /proc");
const start = async (machine: MachineName) => {
  const child = spawnMachine(machine, machine);
  const [said] = await once(child, "message");
  if (said !== "ready") throw new Error(`the ${machine} said ${String(said)}`);
  // It has said why.
  child.on("exit", () => process.exit(1));
  return async <Q extends Question>(question: Q, asks: Questions[Q]["asks"]): Promise<Questions[Q]["answers"]> => {
    child.send({ question, asks });
    return (await once(child, "message"))[0] as Questions[Q]["answers"];
  };
};
const askBack = await start("back");
const askFront = await start("front");
const askClient = await start("client");
const who = new Map<string, string>([
  [address.client, "the client"],
  [address.front, "the front end"],
]);

/** The front end's count when nothing passes any more. */
async function quietCount(): Promise<Questions["count"]["answers"]> {
  let last = await askFront("count", {});
  for (let quiet = 0; quiet < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const next = await askFront("count", {});
    quiet = next.in === last.in && next.out === last.out ? quiet + 1 : 0;
    last = next;
  }
  return last;
}

async function traffic({ replyBytes, requests }: TrafficPlan): Promise<HandOffRow[]> {
  const wanted = digestOf(replyOf(replyBytes));
  const rows: HandOffRow[] = [];
  for (const way of ["relay", "descriptor passed", "NAT", "direct return", "hand-off"] as const) {
    const before = await quietCount();
    const fetched = await askClient("fetch", { way, replyBytes, requests, keepAlive: true });
    const after = await quietCount();
    const seen = way === "descriptor passed" ? address.client : (await askBack("seen", {})).address;
    const moved = way === "hand-off" ? await askFront("moved", {}) : undefined;
    const sentBy = new Map(fetched.sentBy);
    rows.push({
      way,
      replies: fetched.digests.filter((digest) => digest === wanted).length,
      connections: fetched.connections,
      frontInBytes: after.in - before.in,
      frontOutBytes: after.out - before.out,
      framesFromFront: sentBy.get("front") ?? 0,
      framesFromBackEnd: sentBy.get("back") ?? 0,
      peerOfBackEnd: who.get(seen) ?? seen,
      peerOfClient: fetched.serverAddresses.map((ip) => (ip === address.service ? "the service" : ip)).join(" and "),
      ...moved,
    });
  }
  return rows;
}

async function costs({ replySizes, requests }: CostsPlan): Promise<FrontEndCostRow[]> {
  const wantedOf = new Map(replySizes.map((replyBytes) => [replyBytes, digestOf(replyOf(replyBytes))]));
  const rows: FrontEndCostRow[] = [];
  for (const way of ["relay", "nginx", "haproxy", "descriptor passed", "hand-off"] as const)
    for (const replyBytes of replySizes) {
      const run = { way, replyBytes, keepAlive: false };
      await askFront("cpu", { way });
      await askClient("fetch", { ...run, requests: 20 }); // until code is compiled and buffers have grown
      const before = await askFront("cpu", { way });
      const { digests } = await askClient("fetch", { ...run, requests });
      const after = await askFront("cpu", { way });
      const wanted = wantedOf.get(replyBytes);
      const replies = digests.filter((digest) => digest === wanted).length;
      rows.push({ way, replyBytes, replies, cpuUs: (after.cpuNs - before.cpuNs) / 1000 / requests });
    }
  return rows;
}

const rows = plan.measures === "traffic" ? await traffic(plan) : await costs(plan);
process.stdout.write(JSON.stringify(rows), () => process.exit(0));
