/**
 * What {@link handOffLab} runs in the network of its own: takes the plan as its argument, and prints the rows.
 *
 * @internal
 */
import { once } from "node:events";
import type { HandOffRow } from "./hand-off-lab.js";
import { digestOf, type Question, type Questions, replyOf, spawnMachine } from "./machine.js";
import { address, build, type MachineName, port, type Way } from "./network.js";

const { replyBytes, requests } = JSON.parse(process.argv[2] as string) as { replyBytes: number; requests: number };

build();
const start = async (machine: MachineName) => {
  const child = spawnMachine(machine, machine);
  const [said] = await once(child, "message");
  if (said !== "ready") throw new Error(`the ${machine} said ${String(said)}`);
  return async <Q extends Question>(question: Q, asks: Questions[Q]["asks"]): Promise<Questions[Q]["answers"]> => {
    child.send({ question, asks });
    return (await once(child, "message"))[0] as Questions[Q]["answers"];
  };
};
const askBack = await start("back");
const askFront = await start("front");
const askClient = await start("client");
const wanted = digestOf(replyOf(replyBytes));
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

const rows: HandOffRow[] = [];
for (const way of Object.keys(port) as Way[]) {
  const before = await quietCount();
  const { connections, digests, serverAddresses, sentBy } = await askClient("fetch", { way, replyBytes, requests });
  const after = await quietCount();
  const seen = way === "descriptor passed" ? address.client : (await askBack("seen", {})).address;
  const moved = way === "hand-off" ? await askFront("moved", {}) : undefined;
  rows.push({
    way,
    replies: digests.filter((digest) => digest === wanted).length,
    connections,
    frontInBytes: after.in - before.in,
    frontOutBytes: after.out - before.out,
    framesFromFront: sentBy.find(([machine]) => machine === "front")?.[1] ?? 0,
    framesFromBackEnd: sentBy.find(([machine]) => machine === "back")?.[1] ?? 0,
    peerOfBackEnd: who.get(seen) ?? seen,
    peerOfClient: serverAddresses.map((ip) => (ip === address.service ? "the service" : ip)).join(" and "),
    ...moved,
  });
}
process.stdout.write(JSON.stringify(rows), () => process.exit(0));
