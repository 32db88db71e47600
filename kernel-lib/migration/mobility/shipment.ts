import { refuse } from "../../errors.js";
import {
  type CodeSegment,
  decodeModule,
  freeze,
  type InstantiateOptions,
  instantiate,
  type Machine,
  type MachineValue,
  thaw,
} from "../abstract-machine/index.js";

/** Weak mobility: the code segment, and what the program is to begin with. */
export interface ProgramShipment {
  /** Tells the shipments apart. */
  readonly moves: "program";
  /** The module. */
  readonly code: Uint8Array;
  /** The exported function with which it begins. */
  readonly call: string;
  /** The data with which it begins: that function's arguments. */
  readonly args: readonly MachineValue[];
}

/** Strong mobility: the execution segment too, so that it goes on. */
export interface ProcessShipment {
  /** Tells the shipments apart. */
  readonly moves: "process";
  /** What `freeze` made of the machine. */
  readonly image: Uint8Array;
}

/** What travels: a plain value, the same in a message between hosts, on a socket and to a page. */
export type Shipment = ProgramShipment | ProcessShipment;

/** A program to be sent: it will start from its beginning. */
export function programShipment(code: CodeSegment, call: string, ...args: MachineValue[]): ProgramShipment {
  return { moves: "program", code: code.bytes, call, args };
}

/** A process to be sent: it will go on where it is now. The machine itself stays as it is; who moves it, forgets it. */
export function processShipment(machine: Machine): ProcessShipment {
  return { moves: "process", image: freeze(machine) };
}

/**
 * Makes a machine of what arrived: a program stands before its first instruction, a process where it stopped.
 *
 * @param shipment as it came off the wire: anything may have been sent.
 * @throws {@link ParameterError} if it is no shipment, its module or image is damaged, or a resource is missing.
 */
export function unload(shipment: unknown, options: InstantiateOptions = {}): Machine {
  const { moves, code, image, call, args } = (shipment ?? {}) as Record<string, unknown>;
  if (moves === "process" && image instanceof Uint8Array) return thaw(image, options);
  if (moves !== "program" || !(code instanceof Uint8Array) || typeof call !== "string" || !Array.isArray(args))
    return refuse("unload", "shipment", "made by programShipment or processShipment", shipment);
  const machine = instantiate(decodeModule(code), options);
  machine.call(call, ...(args as MachineValue[]));
  return machine;
}
