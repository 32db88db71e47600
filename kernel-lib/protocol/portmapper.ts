import { refuse } from "../errors.js";
import type { RpcProgram } from "./rpc-program.js";
import { type XdrReader, XdrWriter } from "./xdr.js";

/** The portmapper. */
export const portmapper = {
  /** Its program's number. */
  program: 100000,
  /** The version that is spoken here. */
  version: 2,
  /** Its well-known port. */
  port: 111,
} as const;

const protocols = { tcp: 6, udp: 17 } as const;

/** What a program is reached by: a transport that has a name here, else the number of the IP protocol. */
export type RpcTransport = "tcp" | "udp" | number;

/** Where a version of a program is reached. */
export interface PortMapping {
  /** The program's number. */
  readonly program: number;
  /** Its version. */
  readonly version: number;
  /** What it is reached by. */
  readonly transport: RpcTransport;
  /** Its port. */
  readonly port: number;
}

/** What tells mappings apart. */
export type PortMappingKey = Omit<PortMapping, "port">;

/**
 * The portmapper's memory: which port each version of each program listens on.
 *
 * @see RFC 1833, section 3.2, for what the operations answer.
 */
export class PortTable {
  #mappings: PortMapping[];
  readonly #fixed: readonly PortMapping[];
  readonly #capacity: number;

  /**
   * @param fixed mappings that nobody can take away.
   * @param capacity how many there may be; 1024 unless told. Whoever can reach the portmapper can fill its memory.
   */
  constructor(fixed: readonly PortMapping[] = [], capacity = 1024) {
    this.#mappings = [...fixed];
    this.#fixed = fixed;
    this.#capacity = capacity;
  }

  /** In the order in which they were set. */
  get mappings(): readonly PortMapping[] {
    return [...this.#mappings];
  }

  /**
   * Remembers a mapping, and says whether it did: not if another port is known already, the port is none, the transport is
   * neither `tcp` nor `udp`, or the table is full. To set the same mapping again is a success that changes nothing, so that a
   * caller whose reply was lost may repeat its call.
   */
  set(mapping: PortMapping): boolean {
    const { port, transport } = mapping;
    const known = this.#find(mapping);
    if (known) return known.port === port;
    if (typeof transport === "number" || !(port >= 1 && port <= 65535)) return false;
    if (this.#mappings.length >= this.#capacity) return false;
    this.#mappings.push({ ...mapping });
    return true;
  }

  /**
   * Forgets a version of a program, for both transports, and says whether it may: false for what is fixed. What was not there is
   * forgotten too, so this call may be repeated as well.
   */
  unset(program: number, version: number): boolean {
    const isMeant = (mapping: PortMapping) => mapping.program === program && mapping.version === version;
    if (this.#fixed.some(isMeant)) return false;
    this.#mappings = this.#mappings.filter((mapping) => !isMeant(mapping));
    return true;
  }

  /**
   * The port, or 0 if the program is not known there. If other versions of it are, the one that was set last: that server will
   * tell the caller which versions it has.
   */
  portOf(key: PortMappingKey): number {
    const isSame = (mapping: PortMapping) => mapping.program === key.program && mapping.transport === key.transport;
    return (this.#find(key) ?? this.#mappings.filter(isSame).at(-1))?.port ?? 0;
  }

  #find({ program, version, transport }: PortMappingKey): PortMapping | undefined {
    return this.#mappings.find(
      (mapping) => mapping.program === program && mapping.version === version && mapping.transport === transport,
    );
  }
}

/**
 * The portmapper as a program: NULL, SET, UNSET, GETPORT and DUMP. CALLIT, which calls another program in the caller's name,
 * is left out (`PROC_UNAVAIL`): it hides who calls, and makes small datagrams large.
 */
export function portmapperProgram(table: PortTable): RpcProgram {
  return {
    ...portmapper,
    procedures: {
      1: (args, results) => void results.bool(table.set(readMapping(args))),
      2: (args, results) => {
        const { program, version } = readMapping(args);
        results.bool(table.unset(program, version));
      },
      3: (args, results) => void results.uint(table.portOf(readMapping(args))),
      4: (_args, results) => {
        for (const mapping of table.mappings) writeMapping(results.bool(true), mapping);
        results.bool(false);
      },
    },
  };
}

/** What to send to a portmapper, and how to read what comes back. */
export interface PortmapperCall<T> {
  /** The procedure's number. */
  readonly procedure: number;
  /** Its arguments, in XDR. */
  readonly args: Uint8Array;
  /** Reads its results. @throws {@link MalformedMessage} */
  readonly read: (results: XdrReader) => T;
}

/** The portmapper's procedures, from the caller's side. */
export const portmapperCalls = {
  /** Remember a mapping: was it done? */
  set: (mapping: PortMapping): PortmapperCall<boolean> => ({
    procedure: 1,
    args: encodeMapping(mapping),
    read: (results) => results.bool(),
  }),
  /** Forget a version of a program: was it done? */
  unset: (program: number, version: number): PortmapperCall<boolean> => ({
    procedure: 2,
    args: encodeMapping({ program, version, transport: 0, port: 0 }),
    read: (results) => results.bool(),
  }),
  /** Which port? 0 if none is known. */
  getPort: (key: PortMappingKey): PortmapperCall<number> => ({
    procedure: 3,
    args: encodeMapping({ ...key, port: 0 }),
    read: (results) => results.uint(),
  }),
  /** All that there is. */
  dump: (): PortmapperCall<PortMapping[]> => ({ procedure: 4, args: new Uint8Array(0), read: readMappings }),
};

function encodeMapping(mapping: PortMapping): Uint8Array {
  const writer = new XdrWriter();
  writeMapping(writer, mapping);
  return writer.finish();
}

function writeMapping(writer: XdrWriter, { program, version, transport, port }: PortMapping): void {
  const protocol = typeof transport === "number" ? transport : protocols[transport];
  if (protocol === undefined) refuse("portmapper", "transport", '"tcp" or "udp"', transport);
  writer.uint(program).uint(version).uint(protocol).uint(port);
}

function readMapping(reader: XdrReader): PortMapping {
  const [program, version, protocol, port] = [reader.uint(), reader.uint(), reader.uint(), reader.uint()];
  const transport = protocol === protocols.tcp ? "tcp" : protocol === protocols.udp ? "udp" : protocol;
  return { program, version, transport, port };
}

function readMappings(reader: XdrReader): PortMapping[] {
  const mappings: PortMapping[] = [];
  while (reader.bool()) mappings.push(readMapping(reader));
  return mappings;
}
