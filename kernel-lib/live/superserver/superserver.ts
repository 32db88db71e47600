import { readFile } from "node:fs/promises";
import { checkPositive, refuse } from "../../errors.js";
import { readInetdConf } from "../../server/inetd-conf.js";
import type { InetdProblem, InetdService } from "../../server/inetd-service.js";
import { portsByName, readServices } from "../../server/services-file.js";
import { onInterrupt } from "../../simulation/interrupt.js";
import type { ChildOptions } from "../children/child.js";
import { holdGuard } from "../children/child-guard.js";
import { executable, type NodeProgram } from "../children/child-programs.js";
import { socketsApi } from "../system/sockets-api.js";
import { currentUser, findUser, isUser } from "../system/users.js";
import { WaitingSockets } from "../system/waiting-sockets.js";
import type { SuperserverRow } from "./superserver-rows.js";
import { isForBoth, isIpv6, ServiceAtWork, type ServiceSurroundings } from "./superserver-service.js";

/** See {@link startSuperserver}. */
export interface SuperserverOptions {
  /** The real port for a service, 0 for a free one. A free one for each unless told: well-known ports are for the superuser alone. */
  readonly portOf?: (service: InetdService) => number;
  /** Ports of services by name, or by `name/protocol`, before those of `/etc/services` and the well-known ones. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Functions that are started in a Node process of their own where the configuration names this path as program. */
  readonly programs?: Readonly<Record<string, NodeProgram>>;
  /** How long a service rests that was started too often, or that could not listen; ten minutes (600,000 ms) unless told, as inetd. */
  readonly suspendMs?: number;
  /** Called with each row as it comes. */
  readonly onRow?: (row: SuperserverRow) => void;
}

/** A superserver that runs. */
export interface Superserver {
  /** What has happened, in time order: the last 10,000 rows. */
  readonly rows: readonly SuperserverRow[];
  /**
   * The port that is really listened on for a service, by the name or number in the configuration.
   *
   * @throws {@link ParameterError} if nothing is listened on for it.
   */
  realPort(service: string | number): number;
  /**
   * Takes a new configuration: new services are opened, those that are gone closed; a service that is at the same address keeps its
   * socket. Processes that run go on.
   */
  reload(conf: string): Promise<void>;
  /** Closes all services and ends all processes that serve them. */
  close(): Promise<void>;
}

/** How many rows are kept. */
const keptRows = 10_000;

/**
 * Starts a superserver: it listens on the ports of all services in its configuration and starts a process for a service when
 * somebody comes. With `nowait` the process has the connection as its standard input, output and error; with `wait` it has the listening
 * socket, or the socket for datagrams, and nobody else looks there until it ends. The superserver survives processes that crash, hang or can't be started.
 *
 * Everything is on this machine's loopback addresses, also where the configuration says `*`; a line with another address is a bad
 * line. `tcp` with `nowait` is served on 127.0.0.1 and on ::1, on the same port, unless another line gives `tcp6` for it; `wait` and `udp` on 127.0.0.1. So is one for udp with `nowait`: the datagram stays in the socket until a process has read it, and the superserver would
 * start one after the other. A bad line offers nothing, is named in a row, and the others are served, as with inetd.
 *
 * A server on Node takes a listening socket by `server.listen({ fd: 0 })`, one for datagrams by `socket.bind({ fd: 1 })` (the same socket; Node takes 0 for
 * none there), and ends by `process.exit()`.
 *
 * All is closed and ended by `close`, by Interrupt in a notebook, and with this process, however it ends.
 *
 * @param conf the text of an `inetd.conf`; see {@link readInetdConf}.
 * @throws {@link ParameterError} for bad options.
 */
export async function startSuperserver(conf: string, options: SuperserverOptions = {}): Promise<Superserver> {
  if (typeof conf !== "string") refuse("startSuperserver", "conf", "the text of a configuration", conf);
  const suspendMs = checkPositive("startSuperserver", "suspendMs", options.suspendMs ?? 600_000);
  const superserver = new RunningSuperserver(options, suspendMs, await holdGuard());
  try {
    await superserver.take(conf);
    return superserver;
  } catch (error) {
    await superserver.close();
    throw error;
  }
}

class RunningSuperserver implements Superserver {
  readonly rows: SuperserverRow[] = [];
  readonly #options: SuperserverOptions;
  readonly #suspendMs: number;
  readonly #guard: Awaited<ReturnType<typeof holdGuard>>;
  readonly #startedMs = performance.now();
  /** By address. */
  readonly #services = new Map<string, ServiceAtWork>();
  /** Those that the configuration names no more, but processes may still serve. */
  readonly #former = new Set<ServiceAtWork>();
  readonly #withdraw: () => void;
  #waitingSockets: Promise<WaitingSockets> | undefined;
  #last: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(options: SuperserverOptions, suspendMs: number, guard: Awaited<ReturnType<typeof holdGuard>>) {
    this.#options = options;
    this.#suspendMs = suspendMs;
    this.#guard = guard;
    this.#withdraw = onInterrupt(() => void this.close());
  }

  realPort(service: string | number): number {
    for (const each of this.#services.values()) {
      const { service: name, port } = each.service;
      if ((name === service || port === service) && each.realPort !== undefined) return each.realPort;
    }
    return refuse("Superserver.realPort", "service", "one that is listened on", service);
  }

  async reload(conf: string): Promise<void> {
    if (typeof conf !== "string") refuse("Superserver.reload", "conf", "the text of a configuration", conf);
    await this.take(conf);
    this.#tell({ event: "reloaded", service: "", line: 0 });
  }

  /** Configurations are taken one after the other. */
  take(conf: string): Promise<void> {
    const taken = this.#last.then(() => this.#take(conf));
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #take(conf: string): Promise<void> {
    if (this.#closing) return;
    const wanted = new Map<string, InetdService>();
    const ports = { ...(await systemPorts()), ...this.#options.ports };
    const { services, problems, remarks } = readInetdConf(conf, { user: currentUser(), ports, isUser });
    for (const { line, field, problem } of remarks)
      this.#tell({ event: "remark", service: "", line, problem: `${field} ${problem}` });
    const found = [...problems, ...services.flatMap((service) => whyNotHere(service))];
    for (const { line, field, problem } of found)
      this.#tell({ event: "bad line", service: "", line, problem: `${field} ${problem}` });
    const bad = new Set(found.map(({ line }) => line));
    for (const service of services) if (!bad.has(service.line)) wanted.set(addressOf(service), service);
    for (const former of this.#former) if (former.isIdle) this.#former.delete(former);
    for (const [address, atWork] of this.#services) {
      if (wanted.has(address)) continue;
      this.#services.delete(address);
      this.#former.add(atWork);
      await atWork.close();
    }
    const ofIpv6 = new Set([...wanted.values()].filter(isIpv6).map(({ protocol, port }) => `${protocol} ${port}`));
    for (const [address, service] of wanted) {
      const alsoIpv6 = isForBoth(service) && !ofIpv6.has(`${service.protocol}6 ${service.port}`);
      const atWork = this.#services.get(address);
      if (atWork) await atWork.change(service, alsoIpv6);
      else await this.#open(address, service, alsoIpv6);
    }
  }

  async #open(address: string, service: InetdService, alsoIpv6: boolean): Promise<void> {
    const around: ServiceSurroundings = {
      wantedPort: this.#options.portOf?.(service) ?? 0,
      suspendMs: this.#suspendMs,
      waitingSockets: () => {
        this.#waitingSockets ??= socketsApi().then((api) => new WaitingSockets(api));
        return this.#waitingSockets;
      },
      programOf: (current) => this.#programOf(current),
      tell: ({ service: name, line }, event) => this.#tell({ ...event, service: name, line }),
    };
    const atWork = new ServiceAtWork(service, alsoIpv6, around);
    this.#services.set(address, atWork);
    await atWork.open();
  }

  async #programOf(service: InetdService): ReturnType<ServiceSurroundings["programOf"]> {
    const { programs = {} } = this.#options;
    const [argv0, ...args] = service.args;
    const options: ChildOptions = service.user === currentUser() && !service.group ? {} : await findUser(service);
    const ours = Object.hasOwn(programs, service.program) ? programs[service.program] : undefined;
    return { program: ours ?? executable(service.program, args, argv0), options };
  }

  async #close(): Promise<void> {
    this.#withdraw();
    await this.#last;
    const all = [...this.#services.values(), ...this.#former];
    await Promise.all(all.map((each) => each.close()));
    await Promise.all(all.map((each) => each.end()));
    await this.#guard.release();
  }

  #tell(row: Omit<SuperserverRow, "atMs">): void {
    if (this.rows.length >= keptRows) this.rows.splice(0, keptRows / 10);
    const timed = { atMs: performance.now() - this.#startedMs, ...row };
    this.rows.push(timed);
    this.#options.onRow?.(timed);
  }
}

/** The ports that this machine's list of services gives; none where it has no such list. */
async function systemPorts(): Promise<Record<string, number>> {
  return portsByName(readServices(await readFile("/etc/services", "utf8").catch(() => "")));
}

const addressOf = ({ host, protocol, port }: InetdService): string => `${host} ${protocol} ${port}`;

const loopback = /^(\*|localhost|127\.0\.0\.1|\[?::1\]?)$/;

/** What this superserver does not offer, though the line is right. */
function whyNotHere(service: InetdService): InetdProblem[] {
  const { line, host, socketType, wait } = service;
  const problems: InetdProblem[] = [];
  if (!loopback.test(host))
    problems.push({
      line,
      field: "service",
      problem: `must be on loopback here, or at *, got ${JSON.stringify(host)}`,
    });
  if (socketType === "dgram" && !wait)
    problems.push({
      line,
      field: "wait",
      problem: "must be wait for udp: until a process has read the datagram, it would start another for it",
    });
  if (isIpv6(service) && wait) problems.push({ line, field: "protocol", problem: "must be of IPv4 with wait here" });
  return problems;
}
