import { Core } from "../core/core.js";
import type { Driver } from "../core/driver.js";
import type { ThreadMaker } from "../core/process.js";
import { HostMachine } from "../machine/host-machine.js";
import { Network } from "../network/network.js";
import type { Scenario } from "../scenario.js";
import type { TraceLevel } from "../trace/trace.js";
import { FaultInjector } from "./faults.js";
import { type HostServices, HostThread } from "./host-thread.js";

const makeThread: ThreadMaker = (core, ...named) => new HostThread(core, ...named);

function machinesOf({ hosts }: Scenario, driver: Driver): Map<string, HostMachine> {
  return new Map(Object.entries(hosts).map(([name, spec]) => [name, new HostMachine(name, spec, driver)]));
}

/** All that a run is made of, above a driver: the core, the network, and programs that see both. */
export class World extends Core implements HostServices {
  readonly network: Network;
  readonly makeThread = makeThread;

  constructor(scenario: Scenario, driver: Driver, seed: number, level: TraceLevel | undefined) {
    super(scenario, driver, seed, level, machinesOf(scenario, driver), makeThread);
    this.network = new Network(scenario, this, this.machines);
    new FaultInjector(this, this.network).schedule(scenario.faults);
  }
}
