/**
 * A Jupyter client for one kernel, over ZeroMQ: starts the launcher as the kernelspec does, runs cells, collects what
 * they show in the form in which notebooks keep it (nbformat 4).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Dealer, Subscriber } from "zeromq";
import { type ConnectionInfo, type Content, encode, type Message, makeHeader, messagesOn } from "../wire.js";
import { OutputCollector } from "./outputs.js";

/** A message on the kernel's broadcast channel. */
export type IopubMessage = Message;

/** The content of a reply, with its `status`. */
export type ReplyContent = Content;

/** A channel on which a client sends. */
export type Channel = "shell" | "control" | "stdin";

/** One output in the form of nbformat 4. */
export type Output =
  | { output_type: "stream"; name: "stdout" | "stderr"; text: string }
  | { output_type: "display_data"; data: Content; metadata: Content }
  | { output_type: "execute_result"; data: Content; metadata: Content; execution_count: number | null }
  | { output_type: "error"; ename: string; evalue: string; traceback: string[] };

/** What running a cell came to. */
export interface Execution {
  readonly status: "ok" | "error" | "aborted";
  /** `null` when the cell was aborted or ran silently. */
  readonly executionCount: number | null;
  readonly outputs: Output[];
  readonly reply: ReplyContent;
}

export interface ExecuteOptions {
  /** Whether an error aborts the requests that already wait behind this one; true by default, as in Jupyter. */
  readonly stopOnError?: boolean;
  readonly silent?: boolean;
  /** Answers the cell when it asks for a line of input; without it, the cell is told that nobody can be asked. */
  readonly onInput?: (prompt: string, password: boolean) => string | Promise<string>;
  /** Sees each broadcast message of this cell as it arrives. */
  readonly onMessage?: (message: IopubMessage) => void;
}

export interface KernelClient {
  /** The launcher. */
  readonly process: ChildProcess;
  readonly connection: ConnectionInfo;
  /** Runs a cell; resolves when both its reply and the idle status have come. Rejects if the kernel ends before that. */
  execute(code: string, options?: ExecuteOptions): Promise<Execution>;
  /** Sends any request and resolves with the content of its reply. */
  request(channel: "shell" | "control", type: string, content: Content): Promise<ReplyContent>;
  /** Sends frames as they are, signed or not. */
  sendRaw(channel: Channel, frames: readonly Buffer[]): Promise<void>;
  /** Sees every broadcast message, whichever request caused it; returns a function that stops it. */
  onIopub(listener: (message: IopubMessage) => void): () => void;
  /** SIGINT to the launcher's process group, as Jupyter sends it. */
  interrupt(): Promise<void>;
  /** Asks the kernel to end, and resolves when it has. */
  shutdown(): Promise<void>;
  /** SIGKILL to the launcher's process group, as Jupyter's last resort. */
  kill(): Promise<void>;
}

export interface StartOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Where to listen, as for a restart; by default free ports on loopback and a new key. */
  readonly connection?: ConnectionInfo;
}

interface Pending {
  readonly collector?: OutputCollector;
  readonly onMessage?: ((message: IopubMessage) => void) | undefined;
  readonly onInput?: ExecuteOptions["onInput"] | undefined;
  reply?: ReplyContent;
  idle: boolean;
  readonly needsIdle: boolean;
  resolve(pending: Pending): void;
  reject(error: Error): void;
}

const here = dirname(fileURLToPath(import.meta.url));
/** This file lies in `jupyter/client` or, built, in `jupyter/dist/client`. */
const built = basename(dirname(here)) === "dist" ? dirname(here) : join(dirname(here), "dist");
const launcher = join(built, "launcher", "launcher.js");

/**
 * Starts a kernel and waits until it answers on all channels.
 *
 * @throws if it does not answer within 60 s, or ends; the message holds what it printed.
 */
export async function startKernel(options: StartOptions): Promise<KernelClient> {
  for (let attempt = 1; ; attempt++) {
    const client = new Client(options, options.connection ?? (await freeConnection()));
    try {
      await client.start();
      return client;
    } catch (error) {
      await client.kill();
      // Another process may have taken a port between our look and the kernel's bind.
      if (attempt === 3 || !String(error).includes("EADDRINUSE")) throw error;
    }
  }
}

class Client implements KernelClient {
  readonly connection: ConnectionInfo;
  process!: ChildProcess;
  readonly #options: StartOptions;
  readonly #session = randomUUID();
  readonly #pending = new Map<string, Pending>();
  readonly #listeners = new Set<(message: IopubMessage) => void>();
  // The kernel asks for input by the name under which it was given the cell.
  readonly #sockets = {
    shell: new Dealer({ routingId: this.#session }),
    control: new Dealer(),
    stdin: new Dealer({ routingId: this.#session }),
  };
  readonly #iopub = new Subscriber();
  readonly #sending = { shell: Promise.resolve(), control: Promise.resolve(), stdin: Promise.resolve() };
  #folder = "";
  #printed = "";
  #ended: Error | undefined;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: StartOptions, connection: ConnectionInfo) {
    this.#options = options;
    this.connection = connection;
  }

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "handoff-kernel-"));
    const file = join(this.#folder, "connection.json");
    await writeFile(file, JSON.stringify(this.connection), { mode: 0o600 });
    // Jupyter starts kernels in a session of their own and tells them whom they serve.
    this.process = spawn(process.execPath, [launcher, file], {
      cwd: this.#options.cwd,
      env: { ...(this.#options.env ?? process.env), JPY_PARENT_PID: String(process.pid) },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (chunk) => {
        this.#printed = (this.#printed + chunk).slice(-10_000);
      });
    }
    this.#exited = new Promise((resolve) => {
      const ended = (how: string) => {
        this.#end(new Error(`the kernel ended (${how})${this.#printed && `: ${this.#printed.trim()}`}`));
        resolve();
      };
      this.process.on("error", (error) => ended(error.message));
      this.process.on("close", (code, signal) => ended(signal ?? `exit code ${code}`));
    });
    const { transport, ip, shell_port, iopub_port, control_port, stdin_port } = this.connection;
    this.#iopub.receiveHighWaterMark = 0;
    this.#iopub.subscribe();
    this.#iopub.connect(`${transport}://${ip}:${iopub_port}`);
    for (const [channel, port] of [
      ["shell", shell_port],
      ["control", control_port],
      ["stdin", stdin_port],
    ] as const) {
      const socket = this.#sockets[channel];
      socket.linger = 0;
      socket.sendHighWaterMark = 0;
      socket.receiveHighWaterMark = 0;
      socket.connect(`${transport}://${ip}:${port}`);
      this.#listen(socket, (message) => this.#onReply(message));
    }
    this.#listen(this.#iopub, (message) => this.#onBroadcast(message));
    await this.#waitUntilReady(60_000);
  }

  /** The broadcast channel joins late: asks again until an idle status arrives with the reply. */
  async #waitUntilReady(limitMs: number): Promise<void> {
    const giveUp = () => this.#end(new Error(`the kernel did not answer within ${limitMs} ms: ${this.#printed}`));
    const late = setTimeout(giveUp, limitMs);
    try {
      for (let heard = false; !heard; ) {
        const off = this.onIopub(() => {
          heard = true;
        });
        await this.request("shell", "kernel_info_request", {});
        for (let i = 0; i < 20 && !heard; i++) await new Promise((resolve) => setTimeout(resolve, 5));
        off();
      }
    } finally {
      clearTimeout(late);
    }
  }

  async execute(code: string, options: ExecuteOptions = {}): Promise<Execution> {
    const collector = new OutputCollector();
    const content = {
      code,
      silent: options.silent ?? false,
      store_history: !options.silent,
      user_expressions: {},
      allow_stdin: options.onInput !== undefined,
      stop_on_error: options.stopOnError ?? true,
    };
    const { reply = {} } = await this.#ask("shell", "execute_request", content, {
      needsIdle: true,
      collector,
      onMessage: options.onMessage,
      onInput: options.onInput,
    });
    return {
      status: reply.status as Execution["status"],
      executionCount: (reply.execution_count as number | undefined) ?? null,
      outputs: collector.outputs,
      reply,
    };
  }

  async request(channel: "shell" | "control", type: string, content: Content): Promise<ReplyContent> {
    const { reply = {} } = await this.#ask(channel, type, content, { needsIdle: false });
    return reply;
  }

  #ask(
    channel: "shell" | "control",
    type: string,
    content: Content,
    how: Pick<Pending, "needsIdle" | "collector" | "onMessage" | "onInput">,
  ): Promise<Pending> {
    if (this.#ended) return Promise.reject(this.#ended);
    const header = makeHeader(type, this.#session);
    const frames = encode(this.connection.key, { identities: [], header, parent: {}, metadata: {}, content });
    return new Promise((resolve, reject) => {
      this.#pending.set(header.msg_id, { ...how, idle: false, resolve, reject });
      this.sendRaw(channel, frames).catch(reject);
    });
  }

  sendRaw(channel: Channel, frames: readonly Buffer[]): Promise<void> {
    // A ZeroMQ socket takes one send at a time.
    const sent = this.#sending[channel].then(() => this.#sockets[channel].send([...frames]));
    this.#sending[channel] = sent.catch(() => {});
    return sent;
  }

  onIopub(listener: (message: IopubMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #listen(socket: AsyncIterable<Buffer[]>, take: (message: Message) => void): Promise<void> {
    // Those of another kernel, whose port this was before, are dropped.
    for await (const message of messagesOn(this.connection.key, socket)) take(message);
  }

  #onReply(message: Message): void {
    const pending = this.#pending.get(message.parent.msg_id ?? "");
    if (!pending) return;
    if (message.header.msg_type === "input_request") {
      void this.#answer(message, pending);
      return;
    }
    pending.reply = message.content;
    this.#settle(message.parent.msg_id as string, pending);
  }

  async #answer({ header: asked, content }: Message, { onInput }: Pending): Promise<void> {
    const value = await onInput?.(String(content.prompt), Boolean(content.password));
    if (value === undefined || this.#ended) return;
    const header = makeHeader("input_reply", this.#session);
    const reply = { identities: [], header, parent: asked, metadata: {}, content: { status: "ok", value } };
    await this.sendRaw("stdin", encode(this.connection.key, reply));
  }

  #onBroadcast(message: Message): void {
    for (const listener of this.#listeners) listener(message);
    const id = message.parent.msg_id ?? "";
    const pending = this.#pending.get(id);
    if (!pending) return;
    pending.onMessage?.(message);
    pending.collector?.take(message);
    if (message.header.msg_type === "status" && message.content.execution_state === "idle") pending.idle = true;
    this.#settle(id, pending);
  }

  #settle(id: string, pending: Pending): void {
    if (!pending.reply || (pending.needsIdle && !pending.idle)) return;
    this.#pending.delete(id);
    pending.resolve(pending);
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    // What the kernel sent before it ended may still be under way in our sockets.
    setTimeout(() => {
      for (const pending of this.#pending.values()) pending.reject(error);
      this.#pending.clear();
      for (const socket of [this.#iopub, ...Object.values(this.#sockets)]) socket.close();
    }, 100);
    rm(this.#folder, { recursive: true, force: true }).catch(() => {});
  }

  async interrupt(): Promise<void> {
    this.#signal("SIGINT");
  }

  async shutdown(): Promise<void> {
    const asked = this.request("control", "shutdown_request", { restart: false }).catch(() => {});
    const late = setTimeout(() => this.#signal("SIGKILL"), 10_000);
    await Promise.all([asked, this.#exited]);
    clearTimeout(late);
  }

  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#exited;
  }

  #signal(name: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.process ?? {}; // none if it could not even be started
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, name);
    } catch {
      // It has ended, and is about to be reported.
    }
  }
}

async function freeConnection(): Promise<ConnectionInfo> {
  const servers = Array.from({ length: 5 }, () => createServer());
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  const [shell_port = 0, iopub_port = 0, stdin_port = 0, control_port = 0, hb_port = 0] = ports;
  const where = { transport: "tcp", ip: "127.0.0.1", key: randomUUID(), signature_scheme: "hmac-sha256" };
  return { ...where, shell_port, iopub_port, stdin_port, control_port, hb_port };
}
