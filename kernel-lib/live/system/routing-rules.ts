import { cLibrary } from "./c-library.js";
import { type IpAddress, SystemCallError } from "./sockets-api.js";

/** Which packets a rule of routing is for, and what becomes of them (ip-rule(8)). */
export interface RoutingRule {
  /** Rules are tried from the lowest number on. */
  readonly priority: number;
  /** The interface by which the packets come. */
  readonly from: string;
  /** The connection, as its packets name it. */
  readonly source: { readonly ip: IpAddress; readonly port: number };
  readonly destinationPort: number;
  /** The table of routes that they take, or that they are dropped without a word. */
  readonly action: { readonly table: number } | "drop";
}

/** Rules of routing for single connections, in the network where they are asked for. */
export interface RoutingRules {
  add(rule: RoutingRule): void;
  remove(rule: RoutingRule): void;
}

// linux/netlink.h, linux/rtnetlink.h, linux/fib_rules.h
const AF_INET = 2;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const NETLINK_ROUTE = 0;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_EXCL = 0x200;
const NLM_F_CREATE = 0x400;
const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const FR_ACT_TO_TBL = 1;
const FR_ACT_BLACKHOLE = 6;
const attribute = {
  source: 2,
  interface: 3,
  priority: 6,
  table: 15,
  protocol: 22,
  sourcePort: 23,
  destinationPort: 24,
};
const IPPROTO_TCP = 6;
const headerBytes = 16;
const ruleBytes = 12;

/** Opens the kernel's door for routing (netlink(7)): a rule takes some 10 µs; by `ip rule` it is a process each time. */
export async function routingRules(): Promise<RoutingRules> {
  const { library: libc, nameOf, lastError } = await cLibrary();
  const call = {
    socket: libc.func("int socket(int, int, int)"),
    send: libc.func("long send(int, const void *, size_t, int)"),
    receive: libc.func("long recv(int, _Out_ uint8_t *, size_t, int)"),
  };
  const fd = call.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) as number;
  if (fd < 0) throw new SystemCallError("socket(AF_NETLINK)", lastError());

  const tell = (type: number, flags: number, rule: RoutingRule): void => {
    const message = encodeRule(type, flags, rule);
    if ((call.send(fd, message, message.length, 0) as number) < 0)
      throw new SystemCallError("send(AF_NETLINK)", lastError());
    // The answer is there when `send` returns: a header, and an error number, 0 if it was done.
    const answer = new Uint8Array(256);
    if ((call.receive(fd, answer, answer.length, 0) as number) < 0)
      throw new SystemCallError("recv(AF_NETLINK)", lastError());
    const error = -new DataView(answer.buffer).getInt32(headerBytes, true);
    if (error !== 0) throw new SystemCallError(type === RTM_NEWRULE ? "RTM_NEWRULE" : "RTM_DELRULE", nameOf(error));
  };
  return {
    add: (rule) => tell(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule),
    remove: (rule) => tell(RTM_DELRULE, 0, rule),
  };
}

function encodeRule(type: number, flags: number, rule: RoutingRule): Uint8Array {
  const { priority, from, source, destinationPort, action } = rule;
  const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
  const ports = (value: number): Uint8Array => new Uint8Array(Uint16Array.of(value, value).buffer);
  const isDropped = action === "drop";
  const attributes: readonly (readonly [number, Uint8Array])[] = [
    [attribute.priority, word(priority)],
    [attribute.interface, new TextEncoder().encode(`${from}\0`)],
    [attribute.source, Uint8Array.from(source.ip)],
    [attribute.protocol, Uint8Array.of(IPPROTO_TCP)],
    [attribute.sourcePort, ports(source.port)],
    [attribute.destinationPort, ports(destinationPort)],
    ...(isDropped ? [] : [[attribute.table, word(action.table)] as const]),
  ];
  const whole = (bytes: number): number => (bytes + 3) & ~3;
  const length = attributes.reduce((sum, [, value]) => sum + whole(4 + value.length), headerBytes + ruleBytes);
  const message = new Uint8Array(length);
  const view = new DataView(message.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_ACK | flags, true);
  message.set([AF_INET, 0, 8 * source.ip.length], headerBytes);
  message[headerBytes + 7] = isDropped ? FR_ACT_BLACKHOLE : FR_ACT_TO_TBL;
  let at = headerBytes + ruleBytes;
  for (const [name, value] of attributes) {
    view.setUint16(at, 4 + value.length, true);
    view.setUint16(at + 2, name, true);
    message.set(value, at + 4);
    at += whole(4 + value.length);
  }
  return message;
}
