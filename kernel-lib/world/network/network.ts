import type { Driver } from "../core/driver.js";
import type { NetworkSpec, Scenario } from "../scenario.js";
import { type NetworkInterface, Path, type PathShape } from "./path.js";
import { Ports } from "./port.js";

/** What lies between machines, and the ports at their edges. */
export class Network {
  readonly #interfaces = new Map<string, NetworkInterface>();
  readonly #paths = new Map<string, Map<string, Path>>();
  readonly #ports = new Map<string, Ports>();
  readonly #spec: NetworkSpec;
  readonly #scenario: Scenario;
  readonly #driver: Driver;

  constructor(scenario: Scenario, driver: Driver) {
    this.#scenario = scenario;
    this.#spec = scenario.network;
    this.#driver = driver;
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
    const link = this.#spec.links?.findLast(
      ({ between: [a, b] }) => (a === from && b === to) || (a === to && b === from),
    );
    const hosts: Readonly<Record<string, { readonly bytesPerS?: number }>> = this.#scenario.hosts;
    const msPerByte = (host: string): number =>
      1000 / (link?.bytesPerS ?? hosts[host]?.bytesPerS ?? this.#spec.bytesPerS ?? Infinity);
    return {
      latencyMs: link?.latencyMs ?? this.#spec.latencyMs ?? 0,
      outMsPerByte: msPerByte(from),
      inMsPerByte: msPerByte(to),
    };
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

  /** A machine comes up again: its dynamic ports are counted from the first. */
  booted(host: string): void {
    this.ports(host).startAnew();
  }
}
