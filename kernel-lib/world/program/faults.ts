/** Makes the scenario's faults happen: all of it in timers. */

import type { Core } from "../core/core.js";
import type { HostMachine } from "../machine/host-machine.js";
import type { Network } from "../network/network.js";
import type { Fault } from "../scenario.js";

export class FaultInjector {
  readonly #core: Core;
  readonly #network: Network;

  constructor(core: Core, network: Network) {
    this.#core = core;
    this.#network = network;
  }

  schedule(faults: readonly Fault[]): void {
    for (const fault of faults) this.#core.driver.at(fault.atMs, (due) => this.#strike(due), fault);
  }

  #strike(fault: Fault): void {
    switch (fault.kind) {
      case "kill":
        return this.#kill(fault.program);
      case "crash":
        return this.#crash(this.#machine(fault.host));
      case "restart":
        return this.#restart(this.#machine(fault.host));
      case "cut":
        return this.#cutOrHeal(fault.between, "cut");
      case "heal":
        return this.#cutOrHeal(fault.between, "heal");
      case "pause":
        return this.#pause(this.#machine(fault.host), fault.forMs);
    }
  }

  #machine(name: string): HostMachine {
    return this.#core.machines.get(name) as HostMachine;
  }

  #kill(program: string): void {
    const core = this.#core;
    const process = core.programs.all.find(({ name }) => name === program)?.process;
    if (!process?.isAlive) return;
    core.trace.fault(core.now(), process.machine.name, "kill", process);
    core.processes.kill(process);
  }

  #crash(machine: HostMachine): void {
    const core = this.#core;
    if (machine.isDown) return;
    core.trace.fault(core.now(), machine.name, "crash");
    machine.goDown();
    this.#network.crashed(machine.name);
    for (const process of machine.processes.members()) core.processes.end(process, { how: "killed" }, true);
    machine.processor.resume();
  }

  #restart(machine: HostMachine): void {
    const core = this.#core;
    this.#crash(machine);
    core.trace.fault(core.now(), machine.name, "restart");
    machine.boot();
    this.#network.booted(machine.name);
    core.failures.booted(machine.name);
    core.programs.startDaemonsOf(machine);
  }

  #cutOrHeal([a, b]: readonly [string, string], what: "cut" | "heal"): void {
    const core = this.#core;
    core.trace.fault(core.now(), a, `${what} ${a}–${b}`);
    for (const path of [this.#network.path(a, b), this.#network.path(b, a)]) path[what]();
  }

  #pause(machine: HostMachine, forMs: number): void {
    const core = this.#core;
    if (machine.isDown) return;
    core.trace.fault(core.now(), machine.name, `pause for ${forMs} ms`);
    machine.pause(core.now() + forMs);
    core.driver.at(core.now() + forMs, () => machine.resume(core.now()), undefined);
  }
}
