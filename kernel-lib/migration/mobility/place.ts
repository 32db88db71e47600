import { ConnectionRefused, ConnectionReset, TimedOut } from "../../world/errors.js";
import type { Connection, Host } from "../../world/host.js";
import type { Machine, Stop, Waiting } from "../machine/index.js";
import { fromContents, type LocalResource, Mailbox, ResourceError } from "./local-resources.js";
import { type Pace, runOn } from "./run-on.js";
import { processShipment } from "./shipment.js";
import {
  type Arrival,
  type Ask,
  askPlace,
  type HopRow,
  placePort,
  type Report,
  type ShippedReference,
  unloadAt,
} from "./travel.js";

/** See {@link place}. */
export interface PlaceOptions extends Pace {
  /** What is there for programs to use. The place adds to this array what a process brings along, and takes out what one takes away. */
  readonly resources?: (host: Host) => LocalResource[];
  /** Where it listens; {@link placePort} unless told. */
  readonly port?: number;
}

/** A process at a place. */
interface Guest {
  readonly arrival: Arrival;
  readonly machine: Machine;
  references: Record<string, ShippedReference>;
  hops: readonly HopRow[];
  remoteCalls: number;
  clones: number;
  /** Who wants it. */
  wanted: { readonly connection: Connection; readonly clone: boolean } | undefined;
}

/** Nobody is there. */
const unreachable = [ConnectionRefused, ConnectionReset, TimedOut];

/** The import module by which a program asks to travel. */
const travel = "travel";

/**
 * A computational environment: a daemon that takes programs and processes in, runs them, lets them use its resources and those that they
 * left elsewhere, and sends them on.
 *
 * A program imports `travel.go(i: i32): i32`, which moves the process to the i-th host of its itinerary and returns 1 there, or 0
 * here if it could not leave; and `travel.clone(i: i32): i32`, which returns 1 in the clone there and 0 in the original here, or −1 if
 * there could be none. Its other imports are `name.operation`, where `name` is one of its handles.
 *
 * @example
 * scenario({ hosts: { ana: {}, bruno: {} }, programs: { ana: on("ana", place({ instructionsPerMs: 1000 })).daemon(), … } })
 */
export function place(options: PlaceOptions): (host: Host) => Promise<void> {
  return async (host) => {
    const here = new Place(host, options);
    for await (const connection of await host.listen(options.port ?? placePort))
      host.spawn((own) => here.serve(own, connection), { as: "thread", name: "place" });
  };
}

class Place {
  readonly #resources: LocalResource[];
  readonly #guests = new Map<string, Guest>();
  readonly #port: number;

  constructor(
    host: Host,
    readonly options: PlaceOptions,
  ) {
    this.#port = options.port ?? placePort;
    this.#resources = options.resources?.(host) ?? [];
  }

  async serve(host: Host, connection: Connection): Promise<void> {
    const ask = (await connection.receive()) as Ask | undefined;
    if (!ask) return;
    if (ask.ask === "hand over") {
      const guest = [...this.#guests.values()].find(({ wanted }) => wanted === undefined);
      if (guest) guest.wanted = { connection, clone: ask.clone };
      else await connection.send(null);
      return;
    }
    try {
      await connection.send(await this.#answer(host, ask));
    } catch (error) {
      await connection.send({ error: (error as Error).message });
    }
    connection.end();
  }

  async #answer(host: Host, ask: Exclude<Ask, { ask: "hand over" }>): Promise<unknown> {
    switch (ask.ask) {
      case "arrive":
        this.#takeIn(host, ask);
        return true;
      case "perform":
        return (await this.#local(ask.identifier).perform(host, ask.operation, ask.args)) ?? null;
      case "deliver": {
        const resource = this.#local(ask.identifier);
        if (!(resource instanceof Mailbox)) throw new ResourceError(`${ask.identifier} takes no letters`);
        resource.deliver(ask.letter);
        return true;
      }
      case "fetch": {
        const { from, clone } = ask;
        const arrival = await askPlace(host, from, this.#port, { ask: "hand over", clone });
        if (arrival === null) return false;
        this.#takeIn(host, arrival as Arrival);
        return true;
      }
    }
  }

  #takeIn(host: Host, arrival: Arrival): void {
    const machine = unloadAt(arrival.shipment, arrival.references);
    if (machine.state === "waiting" && arrival.answer !== undefined) machine.answer(arrival.answer);
    const { hops, remoteCalls } = arrival;
    const references: Guest["references"] = {};
    for (const [name, shipped] of Object.entries(arrival.references)) references[name] = this.#bind(host, shipped);
    const guest: Guest = { arrival, machine, references, hops, remoteCalls, clones: 0, wanted: undefined };
    this.#guests.set(arrival.id, guest);
    host.spawn((own) => this.#run(own, guest), { as: "thread", name: `process ${arrival.id}` });
  }

  async #run(host: Host, guest: Guest): Promise<void> {
    const { machine, arrival } = guest;
    const { home } = arrival;
    let ended: Pick<Report, "how" | "results"> & { error?: string };
    try {
      const stop = await this.#runToItsEnd(host, guest);
      if (stop === "gone") return;
      ended =
        stop.why === "finished"
          ? { how: "finished", results: stop.results }
          : { how: "trapped", results: [], error: stop.why === "trapped" ? stop.trap.message : stop.why };
    } catch (error) {
      ended = { how: "failed", results: [], error: (error as Error).message };
    }
    this.#forget(guest);
    const report: Report = {
      id: arrival.id,
      place: host.name,
      endedMs: host.now(),
      ...ended,
      instructions: machine.instructions,
      remoteCalls: guest.remoteCalls,
      hops: guest.hops,
      clones: guest.clones,
    };
    const connection = await host.connect(home.host, home.port);
    await connection.send(report);
    connection.end();
  }

  async #runToItsEnd(host: Host, guest: Guest): Promise<Stop | "gone"> {
    const { machine } = guest;
    for (;;) {
      const stop = await runOn(host, machine, { ...this.options, until: () => guest.wanted !== undefined });
      if (stop.why === "waiting") {
        const [name = "", operation = ""] = stop.resource.split(".");
        if (name !== travel) machine.answer((await this.#perform(host, guest, name, operation, stop)) ?? []);
        else if (await this.#travel(host, guest, operation, Number(stop.args[0]))) return "gone";
      } else if (stop.why !== "out of fuel") return stop;
      if (guest.wanted && (await this.#handOver(host, guest, guest.wanted))) return "gone";
    }
  }

  /** The process asks to travel; true if it has left. */
  async #travel(host: Host, guest: Guest, operation: string, index: number): Promise<boolean> {
    if (operation !== "go" && operation !== "clone") throw new ResourceError(`travel has no operation ${operation}`);
    const clone = operation === "clone";
    const to = guest.arrival.itinerary[index];
    if (to === undefined) throw new ResourceError(`the itinerary has no ${index}`);
    const arrival = await this.#pack(host, guest, to, clone, 1);
    let answer: unknown;
    try {
      answer = await askPlace(host, to, this.#port, arrival);
    } catch (error) {
      if (!unreachable.some((kind) => error instanceof kind)) throw error;
    }
    if (answer !== true) guest.machine.answer(clone ? -1 : 0);
    else if (clone) guest.machine.answer(0);
    else this.#leave(guest);
    if (answer === true && clone) guest.clones++;
    return answer === true && !clone;
  }

  /** Somebody else has asked for the process; true if it has left. */
  async #handOver(host: Host, guest: Guest, { connection, clone }: NonNullable<Guest["wanted"]>): Promise<boolean> {
    guest.wanted = undefined;
    await connection.send(await this.#pack(host, guest, connection.peer, clone));
    connection.end();
    if (clone) guest.clones++;
    else this.#leave(guest);
    return !clone;
  }

  /** Stops the process: from here on it is bytes. */
  async #pack(host: Host, guest: Guest, to: string, clone: boolean, answer?: number): Promise<Arrival> {
    const { arrival, machine } = guest;
    const stoppedMs = host.now();
    const shipment = processShipment(machine);
    const references = Object.fromEntries(
      Object.entries(guest.references).map(([name, reference]) => [name, this.#detach(host, reference)]),
    );
    const resourceBytes = Object.values(references).reduce((sum, { contents }) => sum + (contents?.length ?? 0), 0);
    const hop: HopRow = {
      kind: clone ? "cloned" : "moved",
      from: host.name,
      to,
      stoppedMs,
      imageBytes: shipment.image.length,
      resourceBytes,
    };
    const id = clone ? `${arrival.id}.${guest.clones + 1}` : arrival.id;
    const { itinerary, home } = arrival;
    const remoteCalls = clone ? 0 : guest.remoteCalls;
    const hops = [...guest.hops, hop];
    const leaving: Arrival = { ask: "arrive", id, shipment, references, itinerary, home, remoteCalls, hops };
    return answer === undefined ? leaving : { ...leaving, answer };
  }

  #leave(guest: Guest): void {
    for (const { handle, identifier, at } of Object.values(guest.references))
      if (handle.strategy === "move" && at === undefined) this.#remove(identifier);
    this.#forget(guest);
  }

  #forget({ arrival, wanted }: Guest): void {
    this.#guests.delete(arrival.id);
    if (wanted) void wanted.connection.send(null).then(() => wanted.connection.end());
  }

  async #perform(
    host: Host,
    guest: Guest,
    name: string,
    operation: string,
    { args }: Waiting,
  ): Promise<number | undefined> {
    const reference = guest.references[name];
    if (!reference) throw new ResourceError(`the process has no reference ${name}`);
    const { at, identifier } = reference;
    const numbers = args.map(Number);
    if (at === undefined) return this.#local(identifier).perform(host, operation, numbers);
    guest.remoteCalls++;
    const answer = await askPlace(host, at, this.#port, { ask: "perform", identifier, operation, args: numbers });
    return (answer as number | null) ?? undefined;
  }

  #local(identifier: string): LocalResource {
    const found = this.#resources.find((resource) => resource.identifier === identifier);
    if (!found) throw new ResourceError(`there is no ${identifier} here`);
    return found;
  }

  #remove(identifier: string): void {
    const at = this.#resources.findIndex((resource) => resource.identifier === identifier);
    if (at >= 0) this.#resources.splice(at, 1);
  }

  /** What is sent of a reference when its process leaves. */
  #detach(host: Host, reference: ShippedReference): ShippedReference {
    const { handle, identifier, at } = reference;
    if (at !== undefined) return reference; // it stayed behind at an earlier move
    const resource = this.#local(identifier);
    const named = { handle, type: resource.type, identifier };
    if (handle.strategy === "global reference") return { ...named, at: host.name };
    if (handle.strategy === "rebind") return named;
    if (!resource.contents) throw new ResourceError(`${identifier}: a ${resource.type} has no contents to be sent`);
    if (handle.strategy === "move" && handle.attachment === "fixed")
      throw new ResourceError(`${identifier} is fixed here and can't be moved`);
    return { ...named, contents: resource.contents() };
  }

  /** What a reference means where its process has arrived. */
  #bind(host: Host, shipped: ShippedReference): ShippedReference {
    const { handle, type, identifier, at, contents } = shipped;
    if (at === host.name) return { handle, type, identifier };
    if (at !== undefined) return shipped;
    if (contents) {
      this.#remove(identifier);
      this.#resources.push(fromContents(host, type, identifier, contents));
      return { handle, type, identifier };
    }
    const own = this.#resources.find((resource) => resource.type === type);
    if (!own) throw new ResourceError(`there is no ${type} at ${host.name} to bind ${identifier} to`);
    return { handle, type, identifier: own.identifier };
  }
}
