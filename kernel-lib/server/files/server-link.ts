import {
  Closed,
  type Connection,
  ConnectionRefused,
  type Host,
  type KeepAlive,
  type Mutex,
  type Queue,
} from "../../world/index.js";
import { isLost } from "./file-server.js";
import { FileError, type FileReply, type FileRequest, type Recall } from "./protocol.js";
import type { FileServiceSettings } from "./settings.js";

type Message = ({ readonly id: number } & FileReply) | Recall;
type Call = (request: FileRequest) => Promise<FileReply>;

/** What a client does besides asking. */
export interface ServerLinkHooks {
  /** The first words on each new connection. */
  greet?(call: Call): Promise<void>;
  /** The server wants a file back. Called at once, in the order of messages; what it returns runs in a thread of its own. */
  recalled?(recall: Recall): (host: Host) => Promise<void>;
  /** Whether to connect again as soon as the connection is lost, not only for the next request. */
  readonly staysConnected?: boolean;
  /** When to take a silent server for dead. */
  readonly keepAlive?: KeepAlive;
}

/**
 * A client's connection to its file server. A request that gets no answer is repeated on a new connection, for ever; that is safe,
 * since doing any of them twice is the same as doing it once.
 */
export class ServerLink {
  readonly #settings: FileServiceSettings;
  readonly #hooks: ServerLinkHooks;
  readonly #connecting: Mutex;
  readonly #waiting = new Map<number, Queue<FileReply | "lost">>();
  #connection: Connection<Message> | undefined;
  #requests = 0;
  #hasLeft = false;

  constructor(host: Host, settings: FileServiceSettings, hooks: ServerLinkHooks = {}) {
    this.#settings = settings;
    this.#hooks = hooks;
    this.#connecting = host.mutex();
  }

  /** Asks until there is an answer. @throws {@link FileError} if the answer is that it can't be done. */
  async call(host: Host, request: FileRequest): Promise<FileReply> {
    for (;;) {
      try {
        return accepted(await this.#callOn(host, await this.connected(host), request));
      } catch (error) {
        if (!mayPass(error)) throw error;
        await host.sleep(this.#settings.timeoutMs / 10);
      }
    }
  }

  /** Says something to which there is no answer; if the connection is lost, it is lost with it. */
  async tell(request: FileRequest): Promise<void> {
    try {
      await this.#connection?.send({ ...request, id: 0 });
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
  }

  /** Whether it knows of no reason why the server could not reach it. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** The connection, opened and greeted. */
  async connected(host: Host): Promise<Connection<Message>> {
    await this.#connecting.lock();
    try {
      this.#connection ??= await this.#connect(host);
      return this.#connection;
    } finally {
      this.#connecting.unlock();
    }
  }

  /** Leaves. A server that is not there any more need not be told. */
  async leave(host: Host): Promise<void> {
    this.#hasLeft = true;
    const connection = this.#connection;
    if (!connection) return;
    try {
      if (this.#hooks.greet) await this.#callOn(host, connection, { op: "goodbye" });
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    connection.reset();
  }

  async #connect(host: Host): Promise<Connection<Message>> {
    const { to, port, timeoutMs } = this.#settings;
    const { keepAlive } = this.#hooks;
    const connection: Connection<Message> = await host.connect(to, port, {
      timeoutMs,
      ...(keepAlive ? { keepAlive } : {}),
    });
    // Whoever forgets to leave finds this name among those who wait for ever.
    const name = `file client of ${host.name}, until its leave()`;
    host.spawn((own) => this.#listen(own, connection), { as: "thread", name });
    await this.#hooks.greet?.((request) => this.#callOn(host, connection, request));
    return connection;
  }

  async #callOn(host: Host, connection: Connection<Message>, request: FileRequest): Promise<FileReply> {
    const id = ++this.#requests;
    const answer = host.queue<FileReply | "lost">(1);
    this.#waiting.set(id, answer);
    host.log("file request", { op: request.op });
    try {
      await connection.send({ ...request, id });
      const reply = await answer.take({ timeoutMs: this.#settings.timeoutMs });
      if (reply === "lost") throw new ConnectionRefused("the connection was lost before the answer");
      return reply;
    } catch (error) {
      // A copy of this request may be under way still. Nothing that comes on this connection later counts any more.
      if (isLost(error)) connection.reset();
      if (mayPass(error)) this.#drop(connection);
      throw error;
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Takes what comes, until the connection breaks. */
  async #listen(host: Host, connection: Connection<Message>): Promise<void> {
    try {
      for await (const message of connection) {
        if ("id" in message) this.#waiting.get(message.id)?.offer(message);
        else if (this.#hooks.recalled) host.spawn(this.#hooks.recalled(message), { as: "thread", name: "let go" });
      }
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    if (this.#hasLeft) return;
    for (const answer of this.#waiting.values()) answer.offer("lost");
    this.#drop(connection);
    if (this.#hooks.staysConnected) await this.#reconnect(host);
  }

  async #reconnect(host: Host): Promise<void> {
    while (!this.#hasLeft) {
      try {
        await this.connected(host);
        return;
      } catch (error) {
        if (!mayPass(error)) throw error;
        await host.sleep(this.#settings.timeoutMs / 10);
      }
    }
  }

  #drop(connection: Connection<Message>): void {
    if (this.#connection === connection) this.#connection = undefined;
  }
}

/** May be better next time: the server is down, or was. (`Closed`: another thread dropped the connection meanwhile.) */
const mayPass = (error: unknown): boolean =>
  isLost(error) || error instanceof ConnectionRefused || error instanceof Closed;

function accepted(reply: FileReply): FileReply {
  if (reply.error !== undefined) throw new FileError(reply.error);
  return reply;
}
