import { createServer, type Server, type Socket } from "node:net";
import type { InetdService } from "../../server/inetd-service.js";
import { StartLimit } from "../../server/start-limit.js";
import { type Child, type ChildOptions, startChild } from "../children/child.js";
import type { ChildProgram } from "../children/child-programs.js";
import { type SocketsApi, socketsApi } from "../system/sockets-api.js";
import type { WaitingSockets } from "../system/waiting-sockets.js";
import { internalServices } from "./internal-services.js";
import type { SuperserverEvent } from "./superserver-rows.js";

/** How many connections may wait to be accepted: inetd's own number. */
const backlog = 128;

/** What a service needs of the superserver around it. */
export interface ServiceSurroundings {
  /** The port to listen on, 0 for a free one. */
  readonly wantedPort: number;
  /** How long a service rests that was started too often, or that could not listen. */
  readonly suspendMs: number;
  /** Those who wait for servers that let them in themselves. */
  waitingSockets(): Promise<WaitingSockets>;
  /** What to start for a service, and as whom. */
  programOf(service: InetdService): Promise<{ readonly program: ChildProgram; readonly options: ChildOptions }>;
  tell(service: InetdService, event: SuperserverEvent): void;
}

/** A socket that is listened on. */
interface OpenSocket {
  readonly port: number;
  close(): Promise<void>;
}

/** One service at one address: its socket, and the processes that serve it. */
export class ServiceAtWork {
  service: InetdService;
  readonly #around: ServiceSurroundings;
  readonly #children = new Set<Child>();
  readonly #connections = new Set<Socket>();
  readonly #starts = new Set<Promise<void>>();
  #limit: StartLimit;
  #socket: OpenSocket | undefined;
  #rest: NodeJS.Timeout | undefined;
  #port: number;
  #isClosed = false;
  #alsoIpv6: boolean;

  /** `alsoIpv6`: on ::1 too, with the same port. */
  constructor(service: InetdService, alsoIpv6: boolean, around: ServiceSurroundings) {
    this.service = service;
    this.#alsoIpv6 = alsoIpv6;
    this.#around = around;
    this.#limit = new StartLimit(service.maxPerMinute);
    this.#port = around.wantedPort;
  }

  /** The port that is really listened on; undefined if none is. */
  get realPort(): number | undefined {
    return this.#socket?.port;
  }

  /** Whether nobody is served any more. */
  get isIdle(): boolean {
    return this.#children.size + this.#starts.size + this.#connections.size === 0;
  }

  async open(event: "listening" | "resumed" = "listening"): Promise<void> {
    try {
      const socket = await (this.service.wait ? this.#openForServer() : this.#openForConnections());
      if (this.#isClosed) return void (await socket.close());
      this.#socket = socket;
      this.#port = socket.port;
      this.#tell({ event, realPort: socket.port });
    } catch (error) {
      this.#tell({ event: "not listening", problem: (error as Error).message });
      if (!this.#isClosed) this.#resumeLater();
    }
  }

  /** Takes a new line of the configuration for the same address; what runs goes on. */
  async change(service: InetdService, alsoIpv6: boolean): Promise<void> {
    const before = { wait: this.service.wait, maxPerMinute: this.service.maxPerMinute, alsoIpv6: this.#alsoIpv6 };
    this.service = service;
    this.#alsoIpv6 = alsoIpv6;
    if (before.maxPerMinute !== service.maxPerMinute) this.#limit = new StartLimit(service.maxPerMinute);
    if (before.wait === service.wait && before.alsoIpv6 === alsoIpv6) return;
    clearTimeout(this.#rest);
    await this.#closeSocket();
    await this.open();
  }

  /** Offers the service no more. Processes that serve it go on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#rest);
    await this.#closeSocket();
  }

  /** Ends the processes and connections that serve it. */
  async end(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await Promise.all(this.#starts);
    for (const child of this.#children) child.kill();
    await Promise.all([...this.#children].map((child) => child.ended));
  }

  #tell(event: SuperserverEvent): void {
    this.#around.tell(this.service, event);
  }

  async #closeSocket(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    await socket.close();
    this.#tell({ event: "closed", realPort: socket.port });
  }

  /** Sockets whose connections are taken one by one, each for a process of its own. */
  async #openForConnections(): Promise<OpenSocket> {
    if (isIpv6(this.service)) return this.#listen("::1", this.#port);
    if (!this.#alsoIpv6) return this.#listen("127.0.0.1", this.#port);
    for (let tries = 1; ; tries++) {
      const first = await this.#listen("127.0.0.1", this.#port);
      try {
        const second = await this.#listen("::1", first.port);
        return { port: first.port, close: async () => void (await Promise.all([first.close(), second.close()])) };
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        // A free port of one address may be taken at the other: then another free one.
        if (code === "EADDRINUSE" && this.#port === 0 && tries < 20) {
          await first.close();
          continue;
        }
        // Without IPv6 on this machine there is nobody who could come over it.
        if (code === "EADDRINUSE") this.#tell({ event: "not listening", problem: message });
        return first;
      }
    }
  }

  async #listen(host: string, port: number): Promise<OpenSocket> {
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen({ port, host, backlog }, resolve);
    });
    // What can't be accepted, for want of descriptors, is no reason to end.
    server.on("error", (error) => this.#tell({ event: "not started", problem: error.message }));
    // The socket is closed at once; `close` would call back only when all its connections have ended.
    return { port: portOf(server), close: async () => void server.close() };
  }

  #serve(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (!this.#mayStart()) return void socket.destroy();
    const { service } = this;
    if (service.program === "internal") {
      this.#connections.add(socket.once("close", () => this.#connections.delete(socket)));
      this.#tell({ event: "internal" });
      internalServices[service.service]?.(socket);
      return;
    }
    this.#start(service, socket).catch(() => socket.destroy());
  }

  /** A socket that a server gets as it is, with all who wait there; until it has ended nobody else looks at it. */
  async #openForServer(): Promise<OpenSocket> {
    const api = await socketsApi();
    const waiting = await this.#around.waitingSockets();
    const { fd, port } = openRaw(api, this.service, this.#port);
    let isOpen = true;
    const watch = (): void => {
      if (isOpen) waiting.watch(fd, somebodyIsThere);
    };
    const somebodyIsThere = (): void => {
      if (!this.#mayStart()) return;
      const { service } = this;
      void this.#start(service, fd)
        .then((child) => child.ended)
        .then(watch, watch);
    };
    watch();
    const close = async (): Promise<void> => {
      isOpen = false;
      await waiting.unwatch(fd);
      api.close(fd);
    };
    return { port, close };
  }

  /** Starts a process with the socket as its standard input, output and error. */
  async #start(service: InetdService, socket: Socket | number): Promise<Child> {
    const streams = { stdin: socket, stdout: socket, stderr: socket };
    const starting = this.#around
      .programOf(service)
      .then(({ program, options }) => startChild(program, { ...options, ...streams, limitMs: Infinity }));
    const tracked = starting.then(
      (child) => {
        this.#children.add(child);
        this.#around.tell(service, { event: "started", pid: child.pid });
        void child.ended.then(({ pid, code, signal, lifeMs }) => {
          this.#children.delete(child);
          this.#around.tell(service, { event: "ended", pid, code, signal, lifeMs });
        });
      },
      (error) => this.#around.tell(service, { event: "not started", problem: error.message }),
    );
    this.#starts.add(tracked);
    void tracked.then(() => this.#starts.delete(tracked));
    return starting;
  }

  #mayStart(): boolean {
    if (this.#limit.allows(performance.now())) return true;
    if (this.#socket) {
      const { maxPerMinute } = this.service;
      this.#tell({ event: "suspended", problem: `more than ${maxPerMinute} starts in a minute` });
      void this.#closeSocket();
      this.#resumeLater();
    }
    return false;
  }

  #resumeLater(): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#limit = new StartLimit(this.service.maxPerMinute);
      void this.open("resumed");
    }, this.#around.suspendMs);
  }
}

/** Whether a service is offered on IPv6's loopback address, and not on that of IPv4. */
export function isIpv6({ host, protocol }: InetdService): boolean {
  return host.includes("::1") || protocol.endsWith("6");
}

/** Whether a service is offered on both loopback addresses, unless another line says otherwise. */
export function isForBoth({ host, protocol, wait }: InetdService): boolean {
  return protocol === "tcp" && !wait && (host === "*" || host === "localhost");
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}

function openRaw(api: SocketsApi, service: InetdService, wantedPort: number): { fd: number; port: number } {
  const isStream = service.socketType === "stream";
  const fd = api.socket(isStream ? "stream" : "datagram");
  try {
    const port = api.bind(fd, wantedPort);
    if (isStream) api.listen(fd, backlog);
    return { fd, port };
  } catch (error) {
    api.close(fd);
    throw error;
  }
}
