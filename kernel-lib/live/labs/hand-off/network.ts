/**
 * The small network of {@link handOffLab}: a client, a front end and back ends, each with a network stack of its own, at one switch.
 *
 * @internal
 */
import { spawnSync } from "node:child_process";
import { ToolMissing } from "../../children/own-network.js";
import { inEnglish } from "../../system/english.js";

/** Addresses that are kept for documentation (RFC 5737). */
export const address = {
  client: "192.0.2.10",
  /** The service's: clients know no other. The front end answers for it, back ends have it on their loopback. */
  service: "192.0.2.1",
  /** The front end's own. */
  front: "192.0.2.2",
  back: "192.0.2.20",
} as const;

/** A port of the service for each way that a request may take through the front end. */
export const port = {
  relay: 8001,
  "descriptor passed": 8002,
  NAT: 8003,
  "direct return": 8004,
  "hand-off": 8005,
  nginx: 8006,
  haproxy: 8007,
} as const;

/** A way by which a request comes to a back end, and its reply to the client; the last two are relays that others wrote. */
export type Way = keyof typeof port;

/** Where a back end listens for a relay, and where for connections that are handed off. */
export const backPort = { http: 80, thaw: 9000 } as const;

/** Tables of routes, and the order in which rules are tried. */
export const table = { back: 101, viaFront: 102 } as const;
export const order = { moved: 10, held: 20, whole: 30, local: 100 } as const;

/** Runs a tool of the system. @throws ToolMissing with what it said. */
export function must(file: string, args: string, input?: string): void {
  const { status, error, stderr } = spawnSync(file, args.split(" "), { encoding: "utf8", input, env: inEnglish() });
  if (error)
    throw new ToolMissing(`${file} is not installed: on Debian and Ubuntu, apt install ${packages[file] ?? file}`);
  if (status !== 0) throw new ToolMissing(`the system does not allow "${file} ${args}" here: ${stderr.trim()}`);
}
const packages: Readonly<Record<string, string>> = { ip: "iproute2", nft: "nftables", mount: "mount" };

/** A command, in the network of a machine. */
export const inMachine = (machine: string, command: readonly string[]): [string, ...string[]] => [
  "ip",
  "netns",
  "exec",
  machine,
  ...command,
];

const within = (machine: string, command: string): void => must("ip", `-n ${machine} ${command}`);
const setting = (machine: string, settings: Readonly<Record<string, number>>): void => {
  const lines = Object.entries(settings).map(
    ([name, value]) => `echo ${value} >/proc/sys/${name.replaceAll(".", "/")}`,
  );
  const { status, stderr } = spawnSync("ip", ["netns", "exec", machine, "sh", "-ec", lines.join("\n")], {
    env: inEnglish(),
    encoding: "utf8",
  });
  if (status !== 0) throw new ToolMissing(`the system does not allow ${lines.join("; ")} here: ${stderr.trim()}`);
};

/** A locally administered address for each, so that nobody need ask who has which. */
export const macOf = {
  client: "02:00:00:00:00:10",
  front: "02:00:00:00:00:02",
  back: "02:00:00:00:00:20",
} as const;
export type MachineName = keyof typeof macOf;

/** Builds the network. */
export function build(): void {
  must("nft", "--version");
  must("ip", "link add lan type bridge mcast_snooping 0");
  for (const machine of Object.keys(macOf) as MachineName[]) {
    must("ip", `netns add ${machine}`);
    must("ip", `link add ${machine} type veth peer name eth0 netns ${machine}`);
    must("ip", `link set ${machine} master lan up addrgenmode none`);
    setting(machine, { "net.ipv6.conf.all.disable_ipv6": 1 });
    within(machine, `link set eth0 address ${macOf[machine]} up`);
    within(machine, "link set lo up");
    within(machine, `addr add ${address[machine]}/24 dev eth0`);
  }
  must("ip", "link set lan up addrgenmode none");
  const known: readonly (readonly [MachineName, string, MachineName])[] = [
    ["client", address.service, "front"],
    ["front", address.client, "client"],
    ["front", address.back, "back"],
    ["back", address.client, "client"],
    ["back", address.front, "front"],
    ["back", address.service, "front"],
  ];
  for (const [machine, ip, who] of known)
    within(machine, `neigh replace ${ip} lladdr ${macOf[who]} dev eth0 nud permanent`);
  within("front", `addr add ${address.service}/32 dev eth0`);
  within("back", `addr add ${address.service}/32 dev lo`);
  // A front end that passes packets on, also to where they came from, and does not tell the client of a shorter way.
  setting("front", {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.conf.all.send_redirects": 0,
    "net.ipv4.conf.eth0.send_redirects": 0,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.eth0.rp_filter": 0,
  });
  // A back end does not answer for the service's address: the front end does.
  setting("back", {
    "net.ipv4.conf.all.arp_ignore": 1,
    "net.ipv4.conf.all.arp_announce": 2,
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.eth0.rp_filter": 0,
  });
  // Rules for single connections come before the one that keeps what is for the machine itself.
  within("front", `rule add pref ${order.local} lookup local`);
  within("front", "rule del pref 0");
  within("front", `route add default via ${address.back} dev eth0 table ${table.back}`);
  within(
    "front",
    `rule add pref ${order.whole} iif eth0 ipproto tcp dport ${port["direct return"]} lookup ${table.back}`,
  );
  // Address translation sees both directions, so what the back end answers goes by the front end.
  must(
    "ip",
    "netns exec front nft -f -",
    `table ip nat {
    chain in {
      type nat hook prerouting priority dstnat
      ip daddr ${address.service} tcp dport ${port.NAT} dnat to ${address.back}:${port.NAT}
    }
  }
`,
  );
  within("back", `route add ${address.client} via ${address.front} dev eth0 table ${table.viaFront}`);
  within("back", `rule add pref ${order.whole} ipproto tcp sport ${port.NAT} lookup ${table.viaFront}`);
  within("back", `rule add pref ${order.local} lookup local`);
  within("back", "rule del pref 0");
}
