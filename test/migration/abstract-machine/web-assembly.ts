import {
  type CodeSegment,
  decodeModule,
  freeze,
  instantiate,
  type Machine,
  type MachineValue,
  type Resources,
  thaw,
} from "kernel-lib";

type Value = number | bigint | boolean | undefined;
type Imported = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
type Source = Uint8Array | ArrayBuffer | Module;

/** How machines are stopped: how much fuel comes next, and whether the machine is moved when that is used up. */
export type Stops = () => { readonly fuel: number; readonly isMoved: boolean };

/** A module, as JavaScript sees it. */
class Module {
  readonly code: CodeSegment;

  constructor(source: Uint8Array | ArrayBuffer) {
    this.code = decodeModule(source instanceof Uint8Array ? source : new Uint8Array(source));
  }
}

/** A global that does not change. */
class Global {
  constructor(readonly value: MachineValue) {}

  valueOf(): MachineValue {
    return this.value;
  }
}

/**
 * A machine's memory, as JavaScript sees it: a buffer that holds the same while the machine does not run. The machine gets what was written into it before it goes on.
 */
class Memory {
  private view = new ArrayBuffer(0);

  get buffer(): ArrayBuffer {
    return this.view;
  }

  give(machine: Machine): void {
    machine.write(0, new Uint8Array(this.view));
  }

  take(machine: Machine): void {
    const bytes = machine.memoryPages * 65_536;
    // Whoever holds the old buffer has to see that the memory has grown.
    if (bytes !== this.view.byteLength) this.view = structuredClone(this.view, { transfer: [this.view] }).slice(0, 0);
    if (bytes !== this.view.byteLength) this.view = new ArrayBuffer(bytes);
    new Uint8Array(this.view).set(machine.read(0, bytes));
  }
}

/**
 * The part of JavaScript's `WebAssembly` that the glue of packages uses, on our machine. Memories are the machine's own; imported memories and tables are not known.
 */
export function webAssemblyOf(stops: Stops): object {
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;

    constructor({ code }: Module, imports: Imported = {}) {
      const memory = new Memory();
      const resources: Record<string, Resources[string]> = {};
      for (const row of code.imports) {
        const [from = "", ...field] = row.name.split(".");
        const given = imports[from]?.[field.join(".")];
        if (row.kind === "global") resources[row.name] = given as MachineValue;
        if (row.kind !== "function") continue;
        const [result] = row.type?.results ?? [];
        resources[row.name] = (args, machine) => {
          memory.take(machine);
          const answer = (given as (...args: readonly MachineValue[]) => Value)(...args);
          memory.give(machine);
          return result === undefined ? undefined : converted(result, answer);
        };
      }
      let machine = instantiate(code, { resources });
      const run = (): readonly MachineValue[] => {
        memory.give(machine);
        for (;;) {
          const { fuel, isMoved } = stops();
          const stop = machine.run({ fuel });
          if (stop.why === "out of fuel") {
            if (isMoved) machine = thaw(freeze(machine, { code: false }), { resources, code });
            continue;
          }
          memory.take(machine);
          if (stop.why === "finished") return stop.results;
          throw new Error(stop.why === "trapped" ? stop.trap.message : stop.why);
        }
      };
      memory.take(machine);
      if (machine.state === "ready") run();
      this.exports = Object.fromEntries(
        code.exports.map(({ name, kind, type }) => {
          if (kind === "memory") return [name, memory];
          if (kind === "global") return [name, new Global(machine.global(name))];
          if (kind !== "function") return [name, undefined];
          const call = (...args: readonly Value[]): unknown => {
            machine.call(name, ...(type?.params ?? []).map((param, i) => converted(param, args[i])));
            const results = run();
            return results.length > 1 ? results : results[0];
          };
          return [name, call];
        }),
      );
    }
  }
  const compile = async (source: Uint8Array | ArrayBuffer): Promise<Module> => new Module(source);
  const make = async (source: Source, imports?: Imported): Promise<unknown> => {
    if (source instanceof Module) return new Instance(source, imports);
    const module = new Module(source);
    return { module, instance: new Instance(module, imports) };
  };
  return { Module, Instance, Memory, compile, instantiate: make };
}

// What JavaScript makes of a value at the border to WebAssembly.
function converted(type: string, value: Value): MachineValue {
  if (type === "i64") return BigInt.asIntN(64, BigInt(value ?? 0));
  return type === "i32" ? Number(value ?? 0) | 0 : Number(value);
}
