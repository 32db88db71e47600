import type { Machine } from "../machine/machine.js";
import type { Fault } from "../scenario.js";
import type { Core } from "./core.js";

/** Makes the scenario's faults happen. */
export class FaultInjector {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
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
        return this.#setCut(fault.between, true);
      case "heal":
        return this.#setCut(fault.between, false);
      case "pause":
        return this.#pause(this.#machine(fault.host), fault.forMs);
    }
  }

  #machine(name: string): Machine {
    return this.#core.machines.get(name) as Machine;
  }

  #kill(program: string): void {
    const core = this.#core;
    const process = core.programs.find(({ name }) => name === program)?.process;
    if (!process?.isAlive) return;
    core.trace.fault(core.now(), process.machine.name, "kill", process);
    core.kill(process);
  }

  #crash(machine: Machine): void {
    const core = this.#core;
    if (machine.isDown) return;
    core.trace.fault(core.now(), machine.name, "crash");
    machine.isDown = true;
    machine.isPaused = false;
    machine.pausedUntilMs = 0;
    machine.deferred.length = 0;
    for (const process of machine.processes.members()) core.endProcess(process, { how: "killed" }, true);
    machine.processor.resume();
  }

  #restart(machine: Machine): void {
    const core = this.#core;
    this.#crash(machine);
    core.trace.fault(core.now(), machine.name, "restart");
    machine.boot();
    core.failures.booted(machine.name);
    core.startDaemonsOf(machine);
  }

  #setCut([a, b]: readonly [string, string], isCut: boolean): void {
    const core = this.#core;
    core.trace.fault(core.now(), a, `${isCut ? "cut" : "heal"} ${a}–${b}`);
    for (const path of [core.network.path(a, b), core.network.path(b, a)]) {
      path.isCut = isCut;
      if (isCut) continue;
      const answers = path.stalledAnswers.splice(0);
      const answer = (): void => {
        for (const each of answers) each();
      };
      if (answers.length > 0) core.driver.at(core.now() + path.latencyMs, answer, undefined);
      for (const endpoint of path.stalled) {
        core.driver.at(core.now() + path.latencyMs, (stalled) => core.unstall(stalled), endpoint);
      }
      path.stalled.clear();
    }
  }

  #pause(machine: Machine, forMs: number): void {
    const core = this.#core;
    if (machine.isDown) return;
    core.trace.fault(core.now(), machine.name, `pause for ${forMs} ms`);
    machine.pausedUntilMs = Math.max(machine.pausedUntilMs, core.now() + forMs);
    machine.isPaused = true;
    machine.processor.pause();
    core.driver.at(core.now() + forMs, () => this.#resume(machine), undefined);
  }

  #resume(machine: Machine): void {
    if (!machine.isPaused || this.#core.now() < machine.pausedUntilMs) return;
    machine.isPaused = false;
    machine.processor.resume();
    for (const action of machine.deferred.splice(0)) action();
  }
}
