import { randomBytes } from "node:crypto";
import { checkOptions, ParameterError, refuse } from "../../errors.js";
import type { PlaceRules } from "../../migration/mobility/place.js";
import { placePort } from "../../migration/mobility/travel.js";
import { onInterrupt } from "../../simulation/interrupt.js";
import type { Host, LogRow } from "../../world/index.js";
import { type Child, type ChildEnd, startChild } from "../children/child.js";
import { exportedProgram } from "../children/child-programs.js";
import { ProcessHost } from "../process/process-host.js";
import type { FromPlace, PlaceOrder, PortsOfPlaces } from "./place-processes-child.js";

/** A place in a process of its own, by its name. See {@link withPlaceProcesses}. */
export interface PlaceProcessOptions {
  /** Files of numbers that programs find there, by identifier. */
  readonly files?: Readonly<Record<string, readonly number[]>>;
  /** The identifier of a printer there; what it prints becomes a row. */
  readonly printer?: string;
  /** Options of Node: `["--jitless"]` makes a platform without compiled code. */
  readonly execArgv?: readonly string[];
}

/** Places in processes of the operating system, and hosts in this one for programs that ask them. */
export interface PlaceProcesses {
  /** What programs and places have logged so far, in the order in which it came here; the times are those of one clock. */
  readonly rows: readonly LogRow[];
  /**
   * A host for a program here, with real sockets: `launch(places.host("user"), "ana", …)`. A host of a place's name speaks for that place:
   * `fetchProcess(places.host("bruno"), { from: "ana" })`. It has no CPU time and no disk.
   */
  host(name: string): Host;
  /** The number of a place's process with the operating system. */
  pid(place: string): number;
  /** Kills a place's process with SIGKILL; resolves when it is dead. */
  kill(place: string): Promise<ChildEnd>;
  /** Starts a place again, with nothing of what was there; resolves when all others know where it listens. */
  restart(place: string): Promise<void>;
}

/**
 * Runs the library's {@link place} in real processes of the operating system, one for each name: real sockets on loopback, a machine for each
 * guest that runs as fast as it can, in turns with the others of its process, and SIGKILL for a crash. `launch`, `fetchProcess` and
 * `pushProcess` work there as between the hosts of a scenario. Whoever is not of this group is not served. Afterwards, however that comes, the processes are ended.
 *
 * @throws {@link ChildNotStarted}, and whatever `use` throws.
 * @example
 * await withPlaceProcesses({ ana: {}, bruno: {} }, async (places) => {
 *   const reports = launch(places.host("user"), "ana", { shipment: programShipment(code, "run") });
 *   await fetchProcess(places.host("bruno"), { from: "ana" });
 *   return reports;
 * });
 */
export async function withPlaceProcesses<T>(
  places: Readonly<Record<string, PlaceProcessOptions>>,
  use: (places: PlaceProcesses) => Promise<T>,
  rules: Pick<PlaceRules, "handOverMs" | "deadAfterMs"> = {},
): Promise<T> {
  if (typeof places !== "object" || places === null || Object.keys(places).length === 0)
    refuse("withPlaceProcesses", "places", "at least one place by its name", places);
  checkOptions("withPlaceProcesses", rules);
  const group = new RunningPlaces(places, rules);
  const stopListening = onInterrupt(() => void group.close());
  try {
    await group.start();
    return await use(group);
  } finally {
    stopListening();
    await group.close();
  }
}

interface RunningPlace {
  readonly child: Child;
  readonly port: number;
  /** Whoever waits until it knows where the others are. */
  readonly informed: (() => void)[];
}

class RunningPlaces implements PlaceProcesses {
  readonly rows: LogRow[] = [];
  readonly #places: Readonly<Record<string, PlaceProcessOptions>>;
  readonly #rules: PlaceOrder["rules"];
  readonly #key = randomBytes(16).toString("hex");
  readonly #originMs = performance.now();
  readonly #hosts: ProcessHost[] = [];
  readonly #running = new Map<string, RunningPlace>();
  readonly #children = new Set<Child>();
  #isClosed = false;

  constructor(places: Readonly<Record<string, PlaceProcessOptions>>, rules: PlaceOrder["rules"]) {
    this.#places = places;
    this.#rules = rules;
  }

  host(name: string): Host {
    const host = new ProcessHost({
      name,
      pid: this.#hosts.length + 1,
      originMs: this.#originMs,
      rows: this.rows,
      key: this.#key,
      portOf: (port, of) => portIn(this.#ports(), port, of),
    });
    this.#hosts.push(host);
    return host;
  }

  pid(place: string): number {
    return this.#found("pid", place).child.pid;
  }

  async kill(place: string): Promise<ChildEnd> {
    const { child } = this.#found("kill", place);
    child.kill("SIGKILL");
    return child.ended;
  }

  async restart(place: string): Promise<void> {
    await this.kill(place);
    await this.#startOne(place);
    await this.#tellPorts();
  }

  async start(): Promise<void> {
    await Promise.all(Object.keys(this.#places).map((name) => this.#startOne(name)));
    await this.#tellPorts();
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const host of this.#hosts) host.close();
    for (const child of this.#children) child.kill();
    await Promise.all([...this.#children].map(({ ended }) => ended));
  }

  #found(where: string, place: string): RunningPlace {
    return this.#running.get(place) ?? refuse(where, "place", `one of ${Object.keys(this.#places).join(", ")}`, place);
  }

  async #startOne(name: string): Promise<void> {
    const { files = {}, printer, execArgv = [] } = this.#places[name] ?? {};
    const originEpochMs = performance.timeOrigin + this.#originMs;
    const order: PlaceOrder = { name, key: this.#key, originEpochMs, rules: this.#rules, files, printer };
    const program = exportedProgram(new URL("./place-processes-child.js", import.meta.url), "servePlaceHost", order);
    const child = await startChild(program, { execArgv, limitMs: Infinity });
    this.#children.add(child);
    if (this.#isClosed) child.kill(); // it began to start before the others were ended
    const first = (await child.receive({ timeoutMs: 30_000 })) as FromPlace;
    if (!("port" in first)) throw new ParameterError(`withPlaceProcesses: ${name} said ${Object.keys(first)} first`);
    const running: RunningPlace = { child, port: first.port, informed: [] };
    this.#running.set(name, running);
    void this.#hear(running).catch(() => undefined); // it has ended
  }

  async #hear({ child, informed }: RunningPlace): Promise<never> {
    for (;;) {
      const said = (await child.receive()) as FromPlace;
      if ("row" in said) this.rows.push(said.row);
      else informed.shift()?.();
    }
  }

  #ports(): PortsOfPlaces {
    return Object.fromEntries([...this.#running].map(([name, { port }]) => [name, port]));
  }

  /** Resolves when all that live know. */
  async #tellPorts(): Promise<void> {
    const ports = this.#ports();
    const tell = async ({ child, informed }: RunningPlace): Promise<void> => {
      const knows = new Promise<void>((resolve) => informed.push(resolve));
      await child.send(ports);
      await knows;
    };
    const all = [...this.#running.values()];
    await Promise.all(all.map((one) => Promise.race([tell(one).catch(() => undefined), one.child.ended])));
  }
}

/** The port of the operating system behind a port of a host: places listen on one port, all others are the system's own. @internal */
export function portIn(ports: PortsOfPlaces, port: number, host: string): number {
  if (port !== placePort) return port;
  return Object.hasOwn(ports, host) ? (ports[host] as number) : nobodysPort;
}

/** Nobody listens there: tcpmux, which no system of ours runs. */
const nobodysPort = 1;
