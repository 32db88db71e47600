/**
 * What {@link lostMachine} runs in the network of its own: takes the time to watch as its argument, and prints the rows.
 *
 * @internal
 */
import { spawnSync } from "node:child_process";
import { ToolMissing } from "../children/own-network.js";
import { pause } from "../system/send-what-fits.js";
import { type DeadPeerOptions, type IpAddress, SystemCallError, socketsApi } from "../system/sockets-api.js";
import type { LostMachineRow } from "./lost-machine.js";

const watchMs = Number(process.argv[2]);
const api = await socketsApi();

// Addresses that are kept for documentation (RFC 5737).
const server: IpAddress = [192, 0, 2, 1];
const [goneClient, backClient]: readonly [IpAddress, IpAddress] = [
  [192, 0, 2, 2],
  [192, 0, 2, 3],
];
const name = (address: IpAddress): string => address.join(".");

const ip = (command: string): boolean => spawnSync("ip", command.split(" "), { stdio: "ignore" }).status === 0;
const mustIp = (command: string): void => {
  if (!ip(command)) throw new ToolMissing(`the system does not allow "ip ${command}" in a network of one's own`);
};

/** While an address is on `lo`, its machine is this one. Without it, packets to it go into a cable at whose end nobody listens. */
function addMachines(): void {
  if (!(ip("link add cable type veth peer name void") && ip("link set void up"))) mustIp("link add cable type dummy");
  mustIp("link set cable up");
  for (const client of [goneClient, backClient]) {
    // Or this machine itself would find out that nobody has that address any more.
    mustIp(`neigh replace ${name(client)} lladdr 02:00:00:00:00:99 dev cable nud permanent`);
    mustIp(`route add ${name(client)} dev cable`);
  }
  for (const address of [server, goneClient, backClient]) mustIp(`addr add ${name(address)}/32 dev lo`);
}

interface Watched {
  readonly server: string;
  readonly machine: LostMachineRow["machine"];
  readonly options?: DeadPeerOptions;
  /** What it does, every 100 ms: reads, and perhaps writes. */
  readonly does: "reads" | "writes" | "asks";
}

const keepAlive: DeadPeerOptions = { keepAliveIdleS: 1, keepAliveIntervalS: 1, keepAliveProbes: 2 };
const patienceMs = 3000;
const watched: readonly Watched[] = [
  { server: "only reads", machine: "gone", does: "reads" },
  { server: "only reads, with keepalive", machine: "gone", does: "reads", options: keepAlive },
  { server: "writes, with keepalive", machine: "gone", does: "writes", options: keepAlive },
  { server: "writes, with TCP_USER_TIMEOUT", machine: "gone", does: "writes", options: { userTimeoutMs: patienceMs } },
  { server: "asks each second, and waits 3 s for an answer", machine: "gone", does: "asks" },
  { server: "writes, to a machine that comes back", machine: "back", does: "writes" },
];

addMachines();
const listener = api.socket();
const port = api.bind(listener, 0, server);
api.listen(listener, watched.length);

const connections = watched.map((each) => {
  const client = api.socket();
  api.bind(client, 0, each.machine === "gone" ? goneClient : backClient);
  api.connect(client, port, server);
  const fd = api.accept(listener);
  if (each.options) api.setDeadPeer(fd, each.options);
  return { ...each, client, fd, bytesTaken: 0, heardMs: 0, row: undefined as LostMachineRow | undefined };
});
type TriedConnection = (typeof connections)[number];

let isLost = false;
let lostMs = 0;

/** The client's program: answers each byte, while its machine is there. */
function answer({ client, machine }: TriedConnection): void {
  if (isLost || machine === "back") return;
  const asked = api.receive(client, 1000);
  if (asked?.length) api.send(client, asked, false);
}

/** The server's: what it does every tenth of a second. */
function use(connection: TriedConnection, tick: number): string | undefined {
  const { fd, does } = connection;
  try {
    const came = api.receive(fd, 1000);
    if (came?.length === 0) return "end";
    if (came) connection.heardMs = performance.now();
    if (does === "writes" || (does === "asks" && tick % 10 === 0)) {
      const taken = api.send(fd, Uint8Array.of(tick & 255), false);
      if (isLost) connection.bytesTaken += taken;
    }
    return does === "asks" && performance.now() > connection.heardMs + patienceMs ? "no answer" : undefined;
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
}

for (const connection of connections) connection.heardMs = performance.now();
for (let tick = 0; !isLost || performance.now() < lostMs + watchMs; tick++) {
  for (const connection of connections) {
    if (connection.row) continue;
    answer(connection);
    const noticedBy = use(connection, tick);
    if (noticedBy === undefined) continue;
    const { server, machine, bytesTaken } = connection;
    connection.row = { server, machine, noticedBy, afterMs: performance.now() - lostMs, bytesTaken };
  }
  if (tick === 10) {
    for (const { client, machine } of connections) if (machine === "back") api.closeInSilence(client);
    for (const client of [goneClient, backClient]) mustIp(`addr del ${name(client)}/32 dev lo`);
    isLost = true;
    lostMs = performance.now();
  }
  if (tick === 20) mustIp(`addr add ${name(backClient)}/32 dev lo`);
  await pause(100);
}
const rows = connections.map(
  ({ row, server, machine, bytesTaken }): LostMachineRow =>
    row ?? { server, machine, noticedBy: "nothing", afterMs: watchMs, bytesTaken },
);
process.stdout.write(JSON.stringify(rows));
