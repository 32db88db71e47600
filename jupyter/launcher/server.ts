/**
 * Jupyter's messaging protocol on five ZeroMQ sockets. Shell requests are answered one by one in the order in which
 * they came; control requests at once, whatever a cell does.
 *
 * @see https://jupyter-client.readthedocs.io/en/stable/messaging.html
 */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { Reply, Router, XPublisher } from "zeromq";
import { type ConnectionInfo, type Content, encode, type Message, makeHeader, messagesOn } from "../wire.js";
import { toCodePoints, toUtf16 } from "./code-points.js";
import { History } from "./history.js";
import type { KernelProcess } from "./kernel-process.js";
import { Questions } from "./questions.js";
import { Sender } from "./sender.js";
import { Streams } from "./streams.js";

const { version: typescriptVersion } = createRequire(createRequire(import.meta.url).resolve("tslab/package.json"))(
  "@tslab/typescript-for-tslab/package.json",
) as { version: string };

const kernelInfo = {
  status: "ok",
  protocol_version: "5.4",
  implementation: "handoff",
  implementation_version: "0.1.0",
  language_info: {
    name: "typescript",
    version: typescriptVersion,
    mimetype: "text/typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
    nbconvert_exporter: "script",
  },
  banner: `Handoff: TypeScript ${typescriptVersion} on Node ${process.version}`,
  debugger: false,
  supported_features: [],
  help_links: [],
};

type Channel = "shell" | "control";

export class KernelServer {
  readonly #connection: ConnectionInfo;
  readonly #kernel: KernelProcess;
  readonly #end: (exitCode: number) => Promise<void>;
  readonly #session = randomUUID();
  readonly #sockets = { shell: new Router(), control: new Router(), stdin: new Router() };
  readonly #iopub = new XPublisher();
  readonly #heartbeat = new Reply();
  readonly #senders = { shell: new Sender(this.#sockets.shell), control: new Sender(this.#sockets.control) };
  readonly #broadcast = new Sender(this.#iopub);
  readonly #questions: Questions;
  readonly #history = new History();
  readonly #queue: Message[] = [];
  /** Requests whose cells may still show something, by message id. */
  readonly #cells = new Map<string, Message>();
  #lastCell: Message | undefined;
  #running: Message | undefined;
  #executionCount = 0;
  #working = false;
  readonly #streams = new Streams((type, content, parent) => this.#publish(type, content, parent));

  private constructor(connection: ConnectionInfo, kernel: KernelProcess, end: (exitCode: number) => Promise<void>) {
    this.#connection = connection;
    this.#kernel = kernel;
    this.#end = end;
    this.#questions = new Questions(this.#sockets.stdin, connection.key, this.#session, ({ number, waits }, outcome) =>
      kernel.answer({ number, waits, ...outcome }),
    );
  }

  /** Binds all sockets and starts to answer. `end` is called when a request asks the kernel to end, or when it died. */
  static async bind(
    connection: ConnectionInfo,
    kernel: KernelProcess,
    end: (exitCode: number) => Promise<void>,
  ): Promise<KernelServer> {
    const server = new KernelServer(connection, kernel, end);
    await server.#bind();
    return server;
  }

  async #bind(): Promise<void> {
    const { transport, ip, shell_port, control_port, stdin_port, iopub_port, hb_port } = this.#connection;
    const address = (port: number) => (transport === "ipc" ? `ipc://${ip}-${port}` : `${transport}://${ip}:${port}`);
    // ZeroMQ drops broadcasts beyond its high water mark; a reader's output must not be lost.
    this.#iopub.sendHighWaterMark = 0;
    this.#iopub.verbosity = "allSubs";
    for (const socket of Object.values(this.#sockets)) {
      socket.sendHighWaterMark = 0;
      socket.receiveHighWaterMark = 0;
    }
    for (const socket of [this.#iopub, this.#heartbeat, ...Object.values(this.#sockets)]) socket.linger = 1000;
    await Promise.all([
      this.#sockets.shell.bind(address(shell_port)),
      this.#sockets.control.bind(address(control_port)),
      this.#sockets.stdin.bind(address(stdin_port)),
      this.#iopub.bind(address(iopub_port)),
      this.#heartbeat.bind(address(hb_port)),
    ]);
    this.#publish("status", { execution_state: "starting" }, undefined);
    this.#kernel.listen({
      output: (id, type, content) => this.#output(this.#cells.get(id ?? ""), type, content),
      ask: ({ id, ...question }) => {
        const parent = this.#cells.get(id);
        if (parent) this.#questions.ask({ parent, ...question });
      },
      withdraw: (number) => this.#questions.withdraw((question) => question.number === number),
      inherited: (name, text) => this.#inherited(name, text),
      died: (how) => this.#died(how),
    });
    this.#receive("shell", (message) => this.#enqueue(message));
    this.#receive("control", (message) => this.#control(message));
    this.#receive("stdin", (message) => this.#questions.take(message));
    this.#welcome();
    this.#echo();
  }

  async close(): Promise<void> {
    this.#streams.flush();
    await Promise.all([this.#broadcast.done(), this.#senders.shell.done(), this.#senders.control.done()]);
    for (const socket of [this.#iopub, this.#heartbeat, ...Object.values(this.#sockets)]) socket.close();
  }

  async #echo(): Promise<void> {
    for await (const frames of this.#heartbeat) await this.#heartbeat.send(frames);
  }

  /** Tells each subscriber that it is one: from then on it misses nothing. */
  async #welcome(): Promise<void> {
    for await (const [frame] of this.#iopub) {
      if (frame?.[0] !== 1) continue; // it leaves
      const subscription = frame.subarray(1).toString();
      this.#publish("iopub_welcome", { subscription }, undefined);
    }
  }

  async #receive(channel: Channel | "stdin", take: (message: Message) => void): Promise<void> {
    for await (const message of messagesOn(this.#connection.key, this.#sockets[channel])) take(message);
  }

  #enqueue(message: Message): void {
    this.#queue.push(message);
    if (!this.#working) this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let message = this.#queue.shift(); message; message = this.#queue.shift()) {
      this.#status("busy", message);
      try {
        const aborted = await this.#shell(message);
        this.#status("idle", message);
        for (const waiting of aborted) this.#abort(waiting);
      } catch (error) {
        console.error("the kernel's launcher failed to answer a request:", error);
        this.#status("idle", message);
      }
    }
    this.#working = false;
  }

  /** Answers one shell request; returns those behind it that its failure aborts. */
  async #shell(message: Message): Promise<readonly Message[]> {
    const { content, header } = message;
    const code = String(content.code ?? "");
    const id = header.msg_id;
    switch (header.msg_type) {
      case "execute_request":
        return this.#execute(message, code);
      case "complete_request": {
        const position = toUtf16(code, Number(content.cursor_pos ?? 0));
        const reply = await this.#kernel.ask({ do: "complete", id, code, position });
        for (const end of ["cursor_start", "cursor_end"]) reply[end] = toCodePoints(code, reply[end] as number);
        this.#reply("shell", message, reply);
        break;
      }
      case "inspect_request": {
        const position = toUtf16(code, Number(content.cursor_pos ?? 0));
        this.#reply("shell", message, await this.#kernel.ask({ do: "inspect", id, code, position }));
        break;
      }
      case "is_complete_request":
        this.#reply("shell", message, await this.#kernel.ask({ do: "is_complete", id, code }));
        break;
      case "shutdown_request":
        this.#shutDown("shell", message);
        break;
      default:
        this.#other("shell", message);
    }
    return [];
  }

  async #execute(message: Message, code: string): Promise<readonly Message[]> {
    const { silent, stop_on_error, allow_stdin } = message.content;
    const storeHistory = silent ? false : (message.content.store_history ?? true);
    if (storeHistory) this.#history.add(++this.#executionCount, code);
    const count = this.#executionCount;
    this.#cells.set(message.header.msg_id, message);
    this.#running = message;
    this.#lastCell = message;
    if (!silent) this.#publish("execute_input", { code, execution_count: count }, message);
    const order = { do: "execute", id: message.header.msg_id, code, count, silent: Boolean(silent) } as const;
    const result = await this.#kernel.ask({ ...order, mayAsk: allow_stdin === true });
    this.#questions.withdraw(({ parent }) => parent === message);
    // Output that the reader's child processes wrote to inherited descriptors comes by other pipes, and requests that
    // were sent before this cell failed may still stand in the socket's buffer.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    if (this.#running !== message) return []; // the process died in between, and that was the answer
    this.#streams.end(message);
    this.#running = undefined;
    // Settled before the reply goes out: what a client sends after it has seen the reply is not aborted.
    const aborts = result.status === "error" && !silent && stop_on_error !== false;
    const aborted = aborts ? this.#takeWaiting() : [];
    this.#reply("shell", message, { ...result, execution_count: count, user_expressions: {}, payload: [] });
    return aborted;
  }

  /** Takes the execution requests that wait at this moment out of the queue. */
  #takeWaiting(): Message[] {
    const isExecution = ({ header }: Message) => header.msg_type === "execute_request";
    const waiting = this.#queue.splice(0);
    this.#queue.push(...waiting.filter((message) => !isExecution(message)));
    return waiting.filter(isExecution);
  }

  #abort(message: Message): void {
    this.#status("busy", message);
    this.#reply("shell", message, { status: "aborted" });
    this.#status("idle", message);
  }

  #control(message: Message): void {
    this.#status("busy", message);
    switch (message.header.msg_type) {
      case "interrupt_request":
        this.#kernel.interrupt();
        this.#reply("control", message, { status: "ok" });
        break;
      case "shutdown_request":
        this.#shutDown("control", message);
        break;
      default:
        this.#other("control", message);
    }
    this.#status("idle", message);
  }

  /** Requests that need no kernel process. One that is unknown is answered with an error, not with a warning in a cell. */
  #other(channel: Channel, message: Message): void {
    const type = message.header.msg_type;
    if (type === "kernel_info_request") this.#reply(channel, message, kernelInfo);
    else if (type === "comm_info_request") this.#reply(channel, message, { status: "ok", comms: {} });
    else if (type === "history_request") this.#reply(channel, message, this.#history.answer(message.content));
    else if (type === "comm_open") {
      // No front end object has a partner here.
      this.#publish("comm_close", { comm_id: message.content.comm_id, data: {} }, message);
    } else if (type.endsWith("_request")) {
      const evalue = `this kernel does not answer ${type}`;
      this.#reply(channel, message, { status: "error", ename: "NotImplemented", evalue, traceback: [] });
    }
  }

  #shutDown(channel: Channel, message: Message): void {
    this.#reply(channel, message, { status: "ok", restart: Boolean(message.content.restart) });
    this.#end(0);
  }

  #inherited(name: "stdout" | "stderr", text: string): void {
    const cell = this.#running ?? this.#lastCell;
    if (cell) this.#output(cell, "stream", { name, text });
    else process[name].write(text); // why it can't start: for the log of whoever started us
  }

  #died(how: string): void {
    const message = this.#running;
    this.#running = undefined;
    this.#questions.withdraw(() => true);
    if (!message) console.error(`the process that runs the cells ended (${how})`);
    else {
      const evalue = `the process that runs the cells ended (${how}); all variables are gone`;
      const error = { ename: "KernelDied", evalue, traceback: [`KernelDied: ${evalue}`] };
      this.#output(message, "error", error);
      this.#streams.end(message);
      this.#reply("shell", message, { status: "error", ...error, execution_count: this.#executionCount });
      this.#status("idle", message);
    }
    for (const waiting of this.#takeWaiting()) this.#abort(waiting);
    this.#end(1);
  }

  #output(parent: Message | undefined, type: string, content: Content): void {
    if (type === "stream") this.#streams.text(parent, String(content.name), String(content.text));
    else this.#streams.other(parent, type, content);
    const text = type === "execute_result" && parent === this.#running && (content.data as Content)["text/plain"];
    if (typeof text === "string") this.#history.result(text);
  }

  #status(state: "busy" | "idle", parent: Message): void {
    if (state === "idle") this.#streams.flush();
    this.#publish("status", { execution_state: state }, parent);
  }

  #publish(type: string, content: Content, parent: Message | undefined): void {
    const header = makeHeader(type, this.#session);
    const message = { identities: [Buffer.from(type)], header, parent: parent?.header ?? {}, metadata: {}, content };
    this.#broadcast.send(encode(this.#connection.key, message));
  }

  #reply(channel: Channel, request: Message, content: Content): void {
    const header = makeHeader(request.header.msg_type.replace(/_request$/, "_reply"), this.#session);
    const message = { identities: request.identities, header, parent: request.header, metadata: {}, content };
    this.#senders[channel].send(encode(this.#connection.key, message));
  }
}
