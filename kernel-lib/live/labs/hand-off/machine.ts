/**
 * A machine of {@link handOffLab}: `client`, `front` or `back`, in the network stack in which it was started. It is told what to do,
 * and answers, by messages to the process that started it.
 *
 * @internal
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Agent, createServer as createHttpServer, get, type IncomingMessage } from "node:http";
import { connect, createServer, Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import { ToolMissing } from "../../children/own-network.js";
import { inEnglish } from "../../system/english.js";
import { type RoutingRule, routingRules } from "../../system/routing-rules.js";
import { type IpAddress, socketsApi } from "../../system/sockets-api.js";
import { type FrozenConnection, tcpRepair } from "../../system/tcp-repair.js";
import { address, backPort, inMachine, macOf, order, port, table, type Way } from "./network.js";
import { tapFrames } from "./tap.js";

/** What a machine is asked, and what it answers. */
export interface Questions {
  /** The front end's: the bytes that have passed its interface. */
  count: { readonly asks: object; readonly answers: { readonly in: number; readonly out: number } };
  /** The client's: some requests, one after the other, on one connection or each on its own. */
  fetch: {
    readonly asks: {
      readonly way: Way;
      readonly replyBytes: number;
      readonly requests: number;
      readonly keepAlive: boolean;
    };
    readonly answers: {
      readonly connections: number;
      readonly digests: readonly string[];
      readonly serverAddresses: readonly string[];
      readonly sentBy: readonly (readonly [machine: string, frames: number])[];
    };
  };
  /** The front end's: the processor time so far of the processes that serve a way. */
  cpu: { readonly asks: { readonly way: Way }; readonly answers: { readonly cpuNs: number } };
  /** The back end's: the address from which the last request came. */
  seen: { readonly asks: object; readonly answers: { readonly address: string } };
  /** The front end's: how long the last connection that moved stood still. */
  moved: { readonly asks: object; readonly answers: MovedAnswer };
}
interface MovedAnswer {
  readonly stateBytes: number;
  /** From its being taken out of one kernel until it is in the other. */
  readonly frozenMs: number;
  /** From the first packet that would be dropped to the first that takes the new way. */
  readonly heldMs: number;
}
export type Question = keyof Questions;

type Handlers = { [Q in Question]?: (asks: Questions[Q]["asks"]) => Promise<Questions[Q]["answers"]> };

const ipOf = (text: string): IpAddress => text.split(".").map(Number) as unknown as IpAddress;

/** The bytes of a reply: the same for the same length, and no two blocks alike. */
export function replyOf(bytes: number): Buffer {
  const body = Buffer.alloc(bytes);
  let state = 1;
  for (let i = 0; i < bytes; i++) {
    state = (state * 48_271) % 2_147_483_647;
    body[i] = state & 255;
  }
  return body;
}

export const digestOf = (body: Uint8Array): string => createHash("sha256").update(body).digest("hex");

/** A web server, which knows nothing of front ends. */
function webServer(onRequest: (from: string) => void) {
  let body: Buffer = Buffer.alloc(0);
  return createHttpServer((request, response) => {
    onRequest(request.socket.remoteAddress ?? "?");
    const bytes = Number(request.url?.slice(1));
    if (body.length !== bytes) body = replyOf(bytes);
    response.end(body);
  });
}

// ---- the back end

async function back(): Promise<Handlers> {
  let from = "";
  const web = webServer((address) => {
    from = address;
  });
  const repair = await tcpRepair();
  const listenAlso = async (portNumber: number, host: string): Promise<void> => {
    const server = createServer((socket) => web.emit("connection", socket));
    await once(server.listen(portNumber, host), "listening");
  };
  await listenAlso(backPort.http, address.back);
  await listenAlso(port.NAT, address.back);
  await listenAlso(port["direct return"], address.service);
  // Connections that are handed off come as data, one message each. The server gets one when the way to it is open.
  const thawing = createServer((control) => {
    const thawed = new Map<number, Socket>();
    readMessages<ToBack>(control, (message) => {
      if ("open" in message) {
        const connection = thawed.get(message.open);
        thawed.delete(message.open);
        connection?.on("close", () => writeMessage<ToFront>(control, { ended: message.open }));
        web.emit("connection", connection);
        return;
      }
      const { frozen } = message;
      thawed.set(frozen.remote.port, new Socket({ fd: repair.thaw(frozen), readable: true, writable: true }));
      writeMessage<ToFront>(control, { thawed: frozen.remote.port });
    });
  });
  await once(thawing.listen(backPort.thaw, address.back), "listening");
  return { seen: async () => ({ address: from }) };
}

/** What the front end tells a back end: a connection, or that the client's packets now come to it. */
type ToBack = { readonly frozen: FrozenConnection } | { readonly open: number };
/** What a back end tells, by the client's port. */
type ToFront = { readonly thawed: number } | { readonly ended: number };

function readMessages<Message>(socket: Socket, take: (message: Message) => void): void {
  let kept = Buffer.alloc(0);
  socket.setNoDelay(true).on("data", (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]);
    while (kept.length >= 4 && kept.length >= 4 + kept.readUInt32BE()) {
      const end = 4 + kept.readUInt32BE();
      take(deserialize(kept.subarray(4, end)) as Message);
      kept = kept.subarray(end);
    }
  });
}

/** @returns its bytes. */
function writeMessage<Message>(socket: Socket, message: Message): number {
  const bytes = serialize(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  socket.write(Buffer.concat([length, bytes]));
  return bytes.length;
}

// ---- the front end

async function front(): Promise<Handlers> {
  const relays = new Map<Way, number>();
  let moved: MovedAnswer = { stateBytes: 0, frozenMs: 0, heldMs: 0 };
  // As a relay: it reads the request, asks the back end, and carries the reply.
  const relay = createServer((client) => {
    client.once("data", (request) => {
      client.pause();
      const server = connect({ port: backPort.http, host: address.back, localAddress: address.front });
      server.write(request);
      server.on("error", () => client.destroy());
      client.on("error", () => server.destroy());
      client.pipe(server).pipe(client);
    });
  });
  await once(relay.listen(port.relay, address.service), "listening");

  // Passing the descriptor: another process has the connection, and runs where the back end is.
  const worker = spawnMachine("back", "worker", "pipe");
  await once(worker, "message");
  const passing = createServer({ pauseOnConnect: true }, (socket) => void worker.send("connection", socket));
  await once(passing.listen(port["descriptor passed"], address.service), "listening");

  // Handing off.
  const api = await socketsApi();
  const repair = await tcpRepair();
  const rules = await routingRules();
  const control = connect({ port: backPort.thaw, host: address.back, localAddress: address.front });
  await once(control.setNoDelay(true), "connect");
  const onThawed = new Map<number, () => void>();
  const onEnded = new Map<number, () => void>();
  readMessages<ToFront>(control, (message) => {
    if ("thawed" in message) call(onThawed, message.thawed);
    else call(onEnded, message.ended);
  });
  const listener = api.socket();
  api.bind(listener, port["hand-off"], ipOf(address.service));
  api.listen(listener, 16);
  const handOff = async (fd: number): Promise<void> => {
    while ((await api.untilReadable([fd], 1000)).length === 0);
    // The front end may look at the request to choose a back end by it; the request stays where it is, and moves along.
    const request = Buffer.from(repair.peek(fd, 4096)).toString("latin1");
    if (!request.startsWith("GET ")) return api.closeWithReset(fd);
    const client = repair.remoteOf(fd);
    const packets = { from: "eth0", source: client, destinationPort: port["hand-off"] };
    const held: RoutingRule = { ...packets, priority: order.held, action: "drop" };
    const onward: RoutingRule = { ...packets, priority: order.moved, action: { table: table.back } };
    const heldFromMs = performance.now();
    // Until the back end has it, nobody answers: a packet that comes now is lost, and TCP sends it again.
    rules.add(held);
    const frozenFromMs = performance.now();
    const thawed = new Promise<void>((resolve) => onThawed.set(client.port, resolve));
    const stateBytes = writeMessage<ToBack>(control, { frozen: repair.freeze(fd) });
    // The last acknowledgement comes behind the end.
    onEnded.set(client.port, () => setTimeout(() => rules.remove(onward), 200));
    await thawed;
    const frozenMs = performance.now() - frozenFromMs;
    rules.add(onward);
    rules.remove(held);
    writeMessage<ToBack>(control, { open: client.port });
    moved = { stateBytes, frozenMs, heldMs: performance.now() - heldFromMs };
  };
  void (async () => {
    for (;;) if ((await api.untilReadable([listener], 1000)).length > 0) void handOff(api.accept(listener));
  })();
  return {
    count: async () => {
      const line = /eth0:(.*)/.exec(readFileSync("/proc/self/net/dev", "latin1"))?.[1] ?? "";
      const numbers = line.trim().split(/\s+/).map(Number);
      return { in: numbers[0] ?? Number.NaN, out: numbers[8] ?? Number.NaN };
    },
    moved: async () => moved,
    cpu: async ({ way }) => {
      if (way !== "nginx" && way !== "haproxy") return { cpuNs: cpuNs(process.pid) };
      const pid = relays.get(way) ?? (await startRelay(way));
      relays.set(way, pid);
      return { cpuNs: cpuNs(pid) };
    },
  };
}

/** Calls what waits for a port, once. */
function call(waiting: Map<number, () => void>, port: number): void {
  waiting.get(port)?.();
  waiting.delete(port);
}

/** The processor time of a process and its threads so far, in nanoseconds (`/proc/PID/task/TID/schedstat`). */
function cpuNs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const of = (task: string): number => Number(readFileSync(`${tasks}/${task}/schedstat`, "latin1").split(" ")[0]);
  return readdirSync(tasks).reduce((sum, task) => sum + of(task), 0);
}

/** Starts a relay that others wrote; its files are in `/run`, which is this network's own. */
async function startRelay(kind: "nginx" | "haproxy"): Promise<number> {
  const from = `${address.service}:${port[kind]}`;
  const to = `${address.back}:${backPort.http}`;
  const folder = mkdtempSync("/run/relay-");
  const file = `${folder}/conf`;
  const nginx = `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen ${from}; location / { proxy_pass http://${to}; } }
}
`;
  const haproxy = `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen relay
  bind ${from}
  server back ${to}
`;
  writeFileSync(file, kind === "nginx" ? nginx : haproxy);
  const args = kind === "nginx" ? ["-p", folder, "-c", file] : ["-db", "-f", file];
  const child = spawn(kind, args, { stdio: ["ignore", "ignore", "inherit"], env: inEnglish() });
  const failed = once(child, "error").then(() => {
    throw new ToolMissing(`${kind} is not installed: on Debian and Ubuntu, apt install ${kind}`);
  });
  await Promise.race([once(child, "spawn"), failed]);
  for (let tries = 0; !(await canConnect(port[kind])); tries++) {
    if (tries === 100 || child.exitCode !== null) throw new Error(`${kind} does not listen`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return child.pid as number;
}

function canConnect(portNumber: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(portNumber, address.service);
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

/** The process to which the front end gives its descriptors. */
async function worker(): Promise<Handlers> {
  const web = webServer(() => {});
  process.on("message", (_, socket) => {
    if (!(socket instanceof Socket)) return;
    web.emit("connection", socket);
    socket.resume();
  });
  return {};
}

// ---- the client

async function client(): Promise<Handlers> {
  return {
    fetch: async ({ way, replyBytes, requests, keepAlive }) => {
      const agent = new Agent({ keepAlive, maxSockets: 1 });
      const sockets = new Set<unknown>();
      const digests: string[] = [];
      const serverAddresses = new Set<string>();
      const tap = await tapFrames("eth0");
      for (let i = 0; i < requests; i++) {
        const asked = get({ host: address.service, port: port[way], path: `/${replyBytes}`, agent });
        const [reply] = (await once(asked, "response")) as [IncomingMessage];
        sockets.add(reply.socket);
        serverAddresses.add(reply.socket.remoteAddress ?? "?");
        const chunks: Buffer[] = [];
        for await (const chunk of reply) chunks.push(chunk as Buffer);
        digests.push(digestOf(Buffer.concat(chunks)));
      }
      agent.destroy();
      const names = new Map<string, string>(Object.entries(macOf).map(([name, mac]) => [mac, name]));
      const frames = new Map<string, number>();
      for (const { from, to, sourcePort } of await tap.end()) {
        if (to !== macOf.client || sourcePort !== port[way]) continue;
        const name = names.get(from) ?? from;
        frames.set(name, (frames.get(name) ?? 0) + 1);
      }
      return { connections: sockets.size, digests, serverAddresses: [...serverAddresses], sentBy: [...frames] };
    },
  };
}

// ---- how a machine is started and asked

/** Starts a program in a machine's network. */
export function spawnMachine(machine: string, role: string, stderr: "pipe" | "inherit" = "inherit"): ChildProcess {
  const [file, ...args] = inMachine(machine, [process.execPath, fileURLToPath(import.meta.url), role]);
  return spawn(file, args, { stdio: ["ignore", "ignore", stderr, "ipc"], env: inEnglish() });
}

const roles: Readonly<Record<string, () => Promise<Handlers>>> = { client, front, back, worker };
const role = roles[process.argv[2] ?? ""];
if (role && process.send) {
  const handlers = await role();
  process.on("message", (asked) => {
    const { question, asks } = asked as { question: Question; asks: never };
    const handler = handlers[question] as ((asks: never) => Promise<unknown>) | undefined;
    void handler?.(asks).then((answer) => process.send?.(answer));
  });
  process.send("ready");
}
