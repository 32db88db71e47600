import type { Driver } from "../core/driver.js";
import type { Services } from "../core/services.js";
import type { HostMachine } from "../machine/host-machine.js";
import type { DatagramSpec, LinkSpec, NetworkSpec, Scenario } from "../scenario.js";
import type { DatagramWay } from "./datagram-port.js";
import { Fates } from "./fates.js";
import { MachinePorts } from "./machine-ports.js";
import { type NetworkInterface, Path, type PathShape } from "./path.js";
import { Ports } from "./port.js";

/** What lies between machines, and the ports at their edges. */
export class Network {
  readonly #interfaces = new Map<string, NetworkInterface>();
  readonly #paths = new Map<string, Map<string, Path>>();
  readonly #ports = new Map<string, Ports>();
  readonly #spec: NetworkSpec;
  readonly #scenario: Scenario;
  readonly #core: Services;
  readonly #driver: Driver;
  readonly #machines: ReadonlyMap<string, HostMachine>;
  readonly #datagramPorts = new Map<string, MachinePorts>();
  readonly #ways = new Map<string, Map<string, DatagramWay>>();
  readonly hosts: readonly string[];

  constructor(scenario: Scenario, core: Services, machines: ReadonlyMap<string, HostMachine>) {
    this.#scenario = scenario;
    this.#spec = scenario.network;
    this.#core = core;
    this.#driver = core.driver;
    this.#machines = machines;
    this.hosts = [...machines.keys()];
  }

  path(from: string, to: string): Path {
    let paths = this.#paths.get(from);
    if (!paths) {
      paths = new Map();
      this.#paths.set(from, paths);
    }
    let path = paths.get(to);
    if (!path) {
      path = new Path(this.#driver, this.#shape(from, to), this.#interface(from), this.#interface(to));
      paths.set(to, path);
    }
    return path;
  }

  #shape(from: string, to: string): PathShape {
    if (from === to) return { latencyMs: 0, outMsPerByte: 0, inMsPerByte: 0 };
    const link = this.#link(from, to);
    const hosts: Readonly<Record<string, { readonly bytesPerS?: number }>> = this.#scenario.hosts;
    const msPerByte = (host: string): number =>
      1000 / (link?.bytesPerS ?? hosts[host]?.bytesPerS ?? this.#spec.bytesPerS ?? Infinity);
    return {
      latencyMs: link?.latencyMs ?? this.#spec.latencyMs ?? 0,
      outMsPerByte: msPerByte(from),
      inMsPerByte: msPerByte(to),
    };
  }

  #link(from: string, to: string): LinkSpec | undefined {
    return this.#spec.links?.findLast(({ between: [a, b] }) => (a === from && b === to) || (a === to && b === from));
  }

  /** The way of datagrams from one machine to another, or to itself. */
  way(from: string, to: string): DatagramWay {
    let ways = this.#ways.get(from);
    if (!ways) {
      ways = new Map();
      this.#ways.set(from, ways);
    }
    let way = ways.get(to);
    if (!way) {
      const fates = new Fates(this.#fatesOf(from, to), this.#core.seed, from, to);
      way = { path: this.path(from, to), fates, to: this.datagramPorts(to), sent: 0 };
      ways.set(to, way);
    }
    return way;
  }

  #fatesOf(from: string, to: string): DatagramSpec {
    return from === to ? {} : { ...this.#spec.datagrams, ...this.#link(from, to)?.datagrams };
  }

  #interface(host: string): NetworkInterface {
    let found = this.#interfaces.get(host);
    if (!found) {
      found = { outFreeMs: 0, inFreeMs: 0 };
      this.#interfaces.set(host, found);
    }
    return found;
  }

  /** The open ports of a machine. */
  ports(host: string): Ports {
    let ports = this.#ports.get(host);
    if (!ports) {
      ports = new Ports();
      this.#ports.set(host, ports);
    }
    return ports;
  }

  /** The datagram ports of a machine. */
  datagramPorts(host: string): MachinePorts {
    let ports = this.#datagramPorts.get(host);
    if (!ports) {
      ports = new MachinePorts(this.#core, this.#machines.get(host) as HostMachine);
      this.#datagramPorts.set(host, ports);
    }
    return ports;
  }

  /** A machine has gone down. */
  crashed(host: string): void {
    this.datagramPorts(host).crashed();
  }

  /** A machine comes up again: its dynamic ports are counted from the first. */
  booted(host: string): void {
    this.ports(host).startAnew();
    this.datagramPorts(host).open.startAnew();
  }
}
