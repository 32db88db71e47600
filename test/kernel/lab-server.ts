import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { Execution } from "../../jupyter/client/client.js";
import { OutputCollector } from "../../jupyter/client/outputs.js";
import { writeKernelspec } from "../../jupyter/kernelspec.mjs";
import { type Content, type Header, makeHeader } from "../../jupyter/wire.js";
import { inRoot, jupyterEnvironment, python } from "../../scripts/setup/paths.mjs";
import { eventually, sleep } from "./support.js";
import { WebSocketClient } from "./websocket.js";

/** How JupyterLab's page speaks to its server: the frames of Jupyter's wire protocol, without signature, behind a table of offsets. */
const protocol = "v1.kernel.websocket.jupyter.org";

interface Heard {
  readonly channel: string;
  readonly header: Header;
  readonly parent: Partial<Header>;
  readonly content: Content;
}

/** JupyterLab with the settings that `npm start` gives it, over an empty folder, and one kernel that is reached through it. */
export class LabServer {
  readonly folder: string;
  readonly #home: string;
  readonly #process: ChildProcess;
  readonly #session = randomUUID();
  readonly #listeners = new Set<(heard: Heard) => void>();
  #said = "";
  #url = "";
  #token = "";
  #socket: WebSocketClient | undefined;

  private constructor(home: string) {
    this.#home = home;
    this.folder = path.join(home, "work");
    rmSync(home, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    mkdirSync(path.join(home, "runtime"), { mode: 0o700 });
    writeKernelspec(path.join(home, "share"));
    const options = ["--no-browser", "--allow-root", "--port=0", `--ServerApp.root_dir=${this.folder}`];
    this.#process = spawn(python, ["-m", "jupyterlab", ...options, "--FileContentsManager.preferred_dir="], {
      cwd: this.folder,
      env: {
        ...jupyterEnvironment(),
        JUPYTER_PATH: path.join(home, "share"),
        JUPYTER_DATA_DIR: path.join(home, "data"),
        JUPYTER_RUNTIME_DIR: path.join(home, "runtime"),
        JUPYTERLAB_WORKSPACES_DIR: path.join(home, "workspaces"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.on("data", (chunk) => {
        this.#said += chunk;
      });
  }

  /** Starts the server and a kernel, and connects to it. @param name of the folder that it gets in `build/`. */
  static async start(name: string): Promise<LabServer> {
    const server = new LabServer(inRoot("build", name));
    try {
      await server.#connect();
    } catch (error) {
      await server.stop();
      throw new Error(`${error}\n${server.#said}`);
    }
    return server;
  }

  async #connect(): Promise<void> {
    const file = path.join(this.#home, "runtime", `jpserver-${this.#process.pid}.json`);
    const isUp = async () => {
      try {
        const { url, token } = JSON.parse(readFileSync(file, "utf8")) as { url: string; token: string };
        [this.#url, this.#token] = [url, token];
        await this.rest("GET", "api");
        return true;
      } catch {
        return false;
      }
    };
    for (const end = performance.now() + 60_000; !(await isUp()); await sleep(100))
      if (performance.now() > end || this.#process.exitCode !== null) throw new Error("JupyterLab does not answer");
    const { id } = (await this.rest("POST", "api/kernels", { name: "handoff" })) as { id: string };
    const url = new URL(`api/kernels/${id}/channels?session_id=${this.#session}&token=${this.#token}`, this.#url);
    this.#socket = await WebSocketClient.open(url, protocol, (message) => {
      const heard = read(message);
      for (const listener of [...this.#listeners]) listener(heard);
    });
  }

  /** Where a browser finds the server, and the token that it needs. */
  where(): readonly [url: string, token: string] {
    return [this.#url, this.#token];
  }

  /** A request to the server's REST interface; rejects with what the server says unless it succeeds. */
  async rest(method: string, where: string, body?: object): Promise<unknown> {
    const answer = await fetch(new URL(where, this.#url), {
      method,
      headers: { authorization: `token ${this.#token}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /**
   * Runs a cell as JupyterLab does, and collects what comes back over the websocket.
   *
   * @param answer what the reader types into the box that a question opens
   */
  async execute(code: string, limitS = 60, answer?: (prompt: string) => string): Promise<Execution> {
    const header = makeHeader("execute_request", this.#session);
    const collector = new OutputCollector();
    let reply: Content | undefined;
    let idle = false;
    const listener = ({ channel, header: asked, parent, content }: Heard) => {
      const { msg_type } = asked;
      if (parent.msg_id !== header.msg_id) return;
      if (msg_type === "input_request") {
        const value = { status: "ok", value: answer?.(String(content.prompt)) ?? "" };
        this.#socket?.send(written("stdin", makeHeader("input_reply", this.#session), value, asked));
        return;
      }
      if (channel === "shell") reply = content;
      else if (msg_type === "status") idle ||= content.execution_state === "idle";
      else collector.take({ header: { msg_type } as Header, parent: {}, identities: [], metadata: {}, content });
    };
    this.#listeners.add(listener);
    const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: true };
    this.#socket?.send(written("shell", header, { ...content, stop_on_error: true }));
    const answered = await eventually(() => reply !== undefined && idle, limitS * 1000);
    this.#listeners.delete(listener);
    if (!answered) throw new Error(`no ${reply ? "idle status" : "reply"} within ${limitS} s\n${this.#said}`);
    const { status, execution_count } = reply as { status: Execution["status"]; execution_count: number | null };
    return { status, executionCount: execution_count, outputs: collector.outputs, reply: reply as Content };
  }

  /** Ends the server, which ends its kernel, and removes the folder. */
  async stop(): Promise<void> {
    this.#socket?.close();
    const ended = this.#process.exitCode === null ? once(this.#process, "close") : undefined;
    this.#process.kill("SIGTERM");
    const late = setTimeout(() => this.#process.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(late);
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function written(channel: string, header: Header, content: Content, parent: object = {}): Buffer {
  const parts = [channel, ...[header, parent, {}, content].map((part) => JSON.stringify(part))].map((part) =>
    Buffer.from(part),
  );
  const table = Buffer.alloc(8 * (parts.length + 2));
  table.writeBigUInt64LE(BigInt(parts.length + 1));
  let end = table.length;
  table.writeBigUInt64LE(BigInt(end), 8);
  parts.forEach((part, i) => {
    end += part.length;
    table.writeBigUInt64LE(BigInt(end), 8 * (i + 2));
  });
  return Buffer.concat([table, ...parts]);
}

function read(message: Buffer): Heard {
  const ends = Array.from({ length: Number(message.readBigUInt64LE(0)) }, (_, i) =>
    Number(message.readBigUInt64LE(8 * (i + 1))),
  );
  const part = (i: number) => message.toString("utf8", ends[i], ends[i + 1]);
  const [header, parent, , content] = [1, 2, 3, 4].map((i) => JSON.parse(part(i)));
  return { channel: part(0), header, parent, content };
}
