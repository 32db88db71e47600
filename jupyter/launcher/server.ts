/**
 * Jupyter's messaging protocol on five ZeroMQ sockets. Shell requests are answered one by one in the order in which
 * they came; control requests at once, whatever a cell does.
 *
 * @see https://jupyter-client.readthedocs.io/en/stable/messaging.html
 */
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { Reply, Router, XPublisher } from "zeromq";
import type { Output } from "../messages.js";
import { type ConnectionInfo, type Content, encode, type Message, makeHeader, messagesOn } from "../wire.js";
import { toCodePoints } from "./code-points.js";
import { History } from "./history.js";
import type { KernelProcess } from "./kernel-process.js";
import { Questions } from "./questions.js";
import { isKnown, type Requests, readers } from "./requests.js";
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

interface Handler<R> {
  readonly on: Channel | "both";
  answer(request: R, message: Message, channel: Channel): void | Promise<void>;
}

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
  /** What a failure has taken out of the queue: answered when the idle status of the cell that failed is out. */
  readonly #aborted: Message[] = [];
  /** Requests whose cells may still show something, by message id. */
  readonly #cells = new Map<string, Message>();
  #lastCell: Message | undefined;
  #running: Message | undefined;
  #executionCount = 0;
  #working = false;
  readonly #streams = new Streams((type, content, parent) => this.#publish(type, { ...content }, parent));

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
      output: (id, output) => this.#output(this.#cells.get(id ?? ""), output),
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
        await this.#answer("shell", message);
        this.#status("idle", message);
        for (const waiting of this.#aborted.splice(0)) this.#abort(waiting);
      } catch (error) {
        console.error("the kernel's launcher failed to answer a request:", error);
        this.#status("idle", message);
      }
    }
    this.#working = false;
  }

  /** Answers a request. One that is unknown here gets an error, not a warning in a cell. */
  async #answer(channel: Channel, message: Message): Promise<void> {
    const type = message.header.msg_type;
    if (isKnown(type)) {
      const { on, answer } = this.#handlers[type] as Handler<never>;
      if (on === channel || on === "both") return answer(readers[type](message.content) as never, message, channel);
    }
    if (type.endsWith("_request")) {
      const evalue = `this kernel does not answer ${type}`;
      this.#reply(channel, message, { status: "error", ename: "NotImplemented", evalue, traceback: [] });
    }
  }

  /** Every request that is answered: on which channel, and how. */
  readonly #handlers: { readonly [T in keyof Requests]: Handler<Requests[T]> } = {
    execute_request: { on: "shell", answer: (request, message) => this.#execute(message, request) },
    complete_request: {
      on: "shell",
      answer: async ({ code, position }, message) => {
        const reply = await this.#kernel.ask({ do: "complete", id: message.header.msg_id, code, position });
        if (reply.status !== "ok") return this.#reply("shell", message, { ...reply });
        const [cursor_start, cursor_end] = [reply.cursor_start, reply.cursor_end].map((at) => toCodePoints(code, at));
        this.#reply("shell", message, { ...reply, cursor_start, cursor_end });
      },
    },
    inspect_request: {
      on: "shell",
      answer: async ({ code, position }, message) => {
        const reply = await this.#kernel.ask({ do: "inspect", id: message.header.msg_id, code, position });
        this.#reply("shell", message, { ...reply });
      },
    },
    is_complete_request: {
      on: "shell",
      answer: async ({ code }, message) => {
        const reply = await this.#kernel.ask({ do: "is_complete", id: message.header.msg_id, code });
        this.#reply("shell", message, { ...reply });
      },
    },
    interrupt_request: {
      on: "control",
      answer: (_request, message, channel) => {
        this.#kernel.interrupt();
        this.#reply(channel, message, { status: "ok" });
      },
    },
    shutdown_request: {
      on: "both",
      answer: ({ restart }, message, channel) => {
        this.#reply(channel, message, { status: "ok", restart });
        this.#end(0);
      },
    },
    kernel_info_request: {
      on: "both",
      answer: (_request, message, channel) => this.#reply(channel, message, kernelInfo),
    },
    comm_info_request: {
      on: "both",
      answer: (_request, message, channel) => this.#reply(channel, message, { status: "ok", comms: {} }),
    },
    history_request: {
      on: "both",
      answer: (asked, message, channel) => this.#reply(channel, message, this.#history.answer(asked)),
    },
    // No front end object has a partner here.
    comm_open: {
      on: "both",
      answer: ({ commId }, message) => this.#publish("comm_close", { comm_id: commId, data: {} }, message),
    },
  };

  async #execute(message: Message, request: Requests["execute_request"]): Promise<void> {
    const { code, silent, storesHistory, mayAsk, stopsOnError } = request;
    if (storesHistory) this.#history.add(++this.#executionCount, code);
    const count = this.#executionCount;
    this.#cells.set(message.header.msg_id, message);
    this.#running = message;
    this.#lastCell = message;
    if (!silent) this.#publish("execute_input", { code, execution_count: count }, message);
    const result = await this.#kernel.ask({ do: "execute", id: message.header.msg_id, code, count, silent, mayAsk });
    this.#questions.withdraw(({ parent }) => parent === message);
    // Output that the reader's child processes wrote to inherited descriptors comes by other pipes, and requests that
    // were sent before this cell failed may still stand in the socket's buffer.
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    if (this.#running !== message) return; // the process died in between, and that was the answer
    this.#streams.end(message);
    this.#running = undefined;
    // Settled before the reply goes out: what a client sends after it has seen the reply is not aborted.
    if (result.status === "error" && stopsOnError) this.#aborted.push(...this.#takeWaiting());
    this.#reply("shell", message, { ...result, execution_count: count, user_expressions: {}, payload: [] });
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

  async #control(message: Message): Promise<void> {
    this.#status("busy", message);
    await this.#answer("control", message);
    this.#status("idle", message);
  }

  #inherited(name: "stdout" | "stderr", text: string): void {
    const cell = this.#running ?? this.#lastCell;
    if (cell) this.#output(cell, { type: "stream", content: { name, text } });
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
      this.#output(message, { type: "error", content: error });
      this.#streams.end(message);
      this.#reply("shell", message, { status: "error", ...error, execution_count: this.#executionCount });
      this.#status("idle", message);
    }
    for (const waiting of this.#takeWaiting()) this.#abort(waiting);
    this.#end(1);
  }

  #output(parent: Message | undefined, output: Output): void {
    if (output.type === "stream") this.#streams.text(parent, output.content.name, output.content.text);
    else this.#streams.other(parent, output);
    const text = output.type === "execute_result" && parent === this.#running && output.content.data["text/plain"];
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
