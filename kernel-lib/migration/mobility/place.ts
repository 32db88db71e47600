import { checkPositive, refuse } from "../../errors.js";
import { TimedOut } from "../../world/errors.js";
import type { Connection, Host, Mutex } from "../../world/host.js";
import type { Machine, MachineValue, Stop, Waiting } from "../abstract-machine/index.js";
import { HandOvers, isUnreachable, untilReached } from "./hand-over.js";
import { fromContents, type LocalResource, Mailbox, ResourceError } from "./local-resources.js";
import { type Pace, runOn } from "./run-on.js";
import { processShipment } from "./shipment.js";
import { answerOfSurroundings } from "./surroundings.js";
import {
  type Arrival,
  type Ask,
  answerOf,
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
  /**
   * How long a place waits for each word of the other when a process passes between them, the time for its image included; 60,000 ms
   * unless told. Then the process goes on where it was.
   */
  readonly handOverMs?: number;
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

/** A process on its way from another place. */
type Leaving = Arrival & { readonly transfer: string };

/** Where a process goes, and how. */
interface Departure {
  readonly to: string;
  readonly clone: boolean;
  /** What its call of `travel` returns to it there; undefined if it made none. */
  readonly answer?: number;
}

/** How a process ended. */
type Ending = Pick<Report, "how" | "results"> & { readonly error?: string };

/** The import module by which a program asks to travel. */
const travel = "travel";

/**
 * A computational environment: a daemon that takes programs and processes in, runs them, lets them use its resources and those that they
 * left elsewhere, and sends them on.
 *
 * A program imports `travel.go(i: i32): i32`, which moves the process to the i-th host of its itinerary and returns 1 there, or 0
 * here if it could not leave; and `travel.clone(i: i32): i32`, which returns 1 in the clone there and 0 in the original here, or −1 if
 * there could be none. Its other imports are `name.operation`, where `name` is one of its handles. Without a handle it finds a console, whose texts
 * become rows of the trace, a clock (`Date.now`), both of wherever it is, and the seed of `Math.random`, which is drawn once, when it is launched.
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
  /** Resources that are leaving with a process: who asks for one waits until it is known whether it has left. */
  readonly #moving = new Map<string, Mutex>();
  readonly #guests = new Map<string, Guest>();
  readonly #handOvers: HandOvers;
  readonly #port: number;
  readonly #name: string;

  constructor(
    host: Host,
    readonly options: PlaceOptions,
  ) {
    this.#name = host.name;
    this.#port = options.port ?? placePort;
    this.#resources = options.resources?.(host) ?? [];
    const patienceMs = checkPositive("place", "handOverMs", options.handOverMs ?? 60_000);
    this.#handOvers = new HandOvers(host, this.#port, patienceMs);
  }

  /** A peer that ends, now or while it is served, is no matter of the others here. */
  async serve(host: Host, connection: Connection): Promise<void> {
    try {
      await this.#serve(host, connection);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
  }

  async #serve(host: Host, connection: Connection): Promise<void> {
    const ask = (await connection.receive()) as Ask | undefined;
    if (ask?.ask === "hand over") {
      const isFree = ({ wanted }: Guest) => wanted === undefined || wanted.connection.signal.aborted;
      const guest = [...this.#guests.values()].find(isFree);
      if (guest) guest.wanted = { connection, clone: ask.clone };
      else await connection.send(null);
      return;
    }
    let answer: unknown;
    try {
      answer = ask && (await this.#answer(host, connection, ask));
    } catch (error) {
      answer = { error: (error as Error).message };
    }
    if (answer !== undefined) await connection.send(answer);
    connection.end();
  }

  async #answer(host: Host, connection: Connection, ask: Exclude<Ask, { ask: "hand over" }>): Promise<unknown> {
    switch (ask.ask) {
      case "arrive":
        if (ask.transfer === undefined) this.#prepare(host, { ...ask, seed: host.random() })();
        else await this.#receive(host, connection, ask as Leaving);
        return true;
      case "perform":
        return (await (await this.#local(ask.identifier)).perform(host, ask.operation, ask.args)) ?? null;
      case "deliver": {
        const resource = await this.#local(ask.identifier);
        if (!(resource instanceof Mailbox)) throw new ResourceError(`${ask.identifier} takes no letters`);
        resource.deliver(ask.letter);
        return true;
      }
      case "fetch":
        return this.#fetch(host, ask.from, ask.clone, ask.timeoutMs);
      case "outcome":
        return this.#handOvers.outcomeOf(ask.transfer);
      default:
        return refuse("place", "ask", "one of a place's questions", (ask as { ask?: unknown }).ask);
    }
  }

  /** Has a process of another place come here; false if there is none. */
  async #fetch(host: Host, from: string, clone: boolean, timeoutMs: number): Promise<boolean> {
    const connection: Connection = await host.connect(from, this.#port);
    await connection.send({ ask: "hand over", clone } satisfies Ask);
    try {
      const arrival = answerOf(await connection.receive({ timeoutMs }), from);
      if (arrival === null) return false;
      await this.#receive(host, connection, arrival as Leaving);
      connection.end();
      return true;
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof TimedOut)) await connection.send({ error: message }).catch(() => undefined);
      connection.reset();
      if (!(error instanceof TimedOut)) throw error;
      throw new ResourceError(`no process of ${from} could be stopped within ${timeoutMs} ms`);
    }
  }

  /** The receiving half of a hand-over. @throws if the process does not come; {@link ResourceError} if it stays where it was. */
  async #receive(host: Host, connection: Connection, arrival: Leaving): Promise<void> {
    const start = this.#prepare(host, arrival);
    let isOurs: boolean;
    try {
      isOurs = await this.#handOvers.isOurs(host, connection, arrival.transfer);
    } catch (error) {
      const why = `nobody knows whether it has left ${connection.peer}: ${(error as Error).message}`;
      await this.#report(host, arrival, { how: "failed", results: [], error: why });
      throw error;
    }
    if (!isOurs) throw new ResourceError(`the process has stayed at ${connection.peer}`);
    start();
  }

  /** Makes all that the process needs here. It touches nothing, as the process may not come after all: what is returned starts it. */
  #prepare(host: Host, arrival: Arrival): () => void {
    const machine = unloadAt(arrival.shipment, arrival.references);
    if (machine.state === "waiting" && arrival.answer !== undefined) machine.answer(arrival.answer);
    const references: Guest["references"] = {};
    const brought: LocalResource[] = [];
    for (const [name, shipped] of Object.entries(arrival.references))
      references[name] = this.#bind(host, shipped, brought);
    const { hops, remoteCalls } = arrival;
    const guest: Guest = { arrival, machine, references, hops, remoteCalls, clones: 0, wanted: undefined };
    return () => {
      for (const resource of brought) {
        this.#remove(resource.identifier);
        this.#resources.push(resource);
      }
      this.#guests.set(arrival.id, guest);
      host.spawn((own) => this.#run(own, guest), { as: "thread", name: `process ${arrival.id}` });
    };
  }

  async #run(host: Host, guest: Guest): Promise<void> {
    let ended: Ending;
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
    const { machine, clones, remoteCalls } = guest;
    await this.#report(host, guest.arrival, ended, { instructions: machine.instructions, clones, remoteCalls });
  }

  /** Tells whoever launched the process what became of it; if nobody is there to hear it, the trace does. */
  async #report(host: Host, arrival: Arrival, ended: Ending, lived: Partial<Report> = {}): Promise<void> {
    const { id, home, hops, remoteCalls } = arrival;
    const known = { id, place: host.name, endedMs: host.now(), ...ended };
    const report: Report = { ...known, instructions: 0, remoteCalls, hops, clones: 0, ...lived };
    try {
      const connection = await untilReached(host, () => host.connect(home.host, home.port));
      await connection.send(report);
      connection.end();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      host.log("nobody to report to", { id, how: ended.how, why: (error as Error).message });
    }
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
    try {
      await this.#give(host, guest, { to, clone, answer: 1 }, () => host.connect(to, this.#port));
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      guest.machine.answer(clone ? -1 : 0);
      return false;
    }
    if (clone) guest.machine.answer(0);
    return !clone;
  }

  /** Somebody else has asked for the process; true if it has left. If it can't leave, they are told why, and it goes on. */
  async #handOver(host: Host, guest: Guest, { connection, clone }: NonNullable<Guest["wanted"]>): Promise<boolean> {
    guest.wanted = undefined;
    try {
      await this.#give(host, guest, { to: connection.peer, clone }, async () => connection);
      return !clone;
    } catch (error) {
      if (!connection.signal.aborted) await connection.send({ error: (error as Error).message }).catch(() => undefined);
      connection.end();
      return false;
    }
  }

  /** The giving half of a hand-over. @throws if the process, or its clone, has not left. */
  async #give(host: Host, guest: Guest, departure: Departure, connect: () => Promise<Connection>): Promise<void> {
    const moved = this.#movedBy(guest, departure);
    const release = await this.#hold(host, moved);
    try {
      const arrival = this.#pack(host, guest, departure);
      await this.#handOvers.give(await connect(), arrival, () => {
        if (departure.clone) guest.clones++;
        else this.#forget(guest);
        for (const identifier of moved) this.#remove(identifier);
      });
    } finally {
      release();
    }
  }

  /** The resources of this place that go along. */
  #movedBy({ references }: Guest, { to, clone }: Departure): string[] {
    if (clone || to === this.#name) return [];
    const isMoved = ({ handle, at }: ShippedReference) => handle.strategy === "move" && at === undefined;
    return [
      ...new Set(
        Object.values(references)
          .filter(isMoved)
          .map(({ identifier }) => identifier),
      ),
    ];
  }

  /** Keeps resources from being used until released. All of them or none: two processes that wait for each other's would wait for ever. */
  async #hold(host: Host, identifiers: readonly string[]): Promise<() => void> {
    await this.#settled(identifiers);
    const lock = host.mutex();
    void lock.lock();
    for (const identifier of identifiers) this.#moving.set(identifier, lock);
    return () => {
      for (const identifier of identifiers) this.#moving.delete(identifier);
      lock.unlock();
    };
  }

  /** Stops the process: from here on it is bytes. */
  #pack(host: Host, guest: Guest, { to, clone, answer }: Departure): Leaving {
    const { arrival, machine } = guest;
    const stoppedMs = host.now();
    const shipment = processShipment(machine);
    const references = Object.fromEntries(
      Object.entries(guest.references).map(([name, reference]) => [name, this.#detach(reference, to)]),
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
    const { itinerary, home, seed } = arrival;
    const remoteCalls = clone ? 0 : guest.remoteCalls;
    const hops = [...guest.hops, hop];
    const transfer = this.#handOvers.next();
    const known = { id, shipment, references, itinerary, home, remoteCalls, hops };
    return {
      ask: "arrive",
      transfer,
      ...known,
      ...(seed !== undefined && { seed }),
      ...(answer !== undefined && { answer }),
    };
  }

  #forget(guest: Guest): void {
    const { arrival, wanted } = guest;
    if (this.#guests.get(arrival.id) === guest) this.#guests.delete(arrival.id);
    if (!wanted) return;
    const tell = async () => {
      await wanted.connection.send(null);
      wanted.connection.end();
    };
    tell().catch(() => undefined); // whoever asked has gone
  }

  async #perform(
    host: Host,
    guest: Guest,
    name: string,
    operation: string,
    { args }: Waiting,
  ): Promise<MachineValue | readonly MachineValue[] | undefined> {
    const reference = guest.references[name];
    if (!reference) {
      const { id, seed } = guest.arrival;
      const say = (text: string) => host.log("console", { id, text });
      const full = `${name}.${operation}`;
      const known = answerOfSurroundings({ say, now: () => host.now(), seed }, guest.machine, full, args);
      if (known) return known;
      throw new ResourceError(`the process has no reference ${name} for ${full}: launch it with handles.${name}`);
    }
    const { at, identifier } = reference;
    const numbers = args.map(Number);
    if (at === undefined) return (await this.#local(identifier)).perform(host, operation, numbers);
    guest.remoteCalls++;
    const answer = await askPlace(host, at, this.#port, { ask: "perform", identifier, operation, args: numbers });
    return (answer as number | null) ?? undefined;
  }

  /** A resource of this place, once it is known whether it leaves with a process. */
  async #local(identifier: string): Promise<LocalResource> {
    await this.#settled([identifier]);
    return this.#found(identifier);
  }

  /** Waits until none of these is leaving. */
  async #settled(identifiers: readonly string[]): Promise<void> {
    for (;;) {
      const lock = identifiers.map((one) => this.#moving.get(one)).find((one) => one !== undefined);
      if (!lock) return;
      await lock.lock();
      lock.unlock();
    }
  }

  #found(identifier: string): LocalResource {
    const found = this.#resources.find((resource) => resource.identifier === identifier);
    if (!found) throw new ResourceError(`there is no ${identifier} here`);
    return found;
  }

  #remove(identifier: string): void {
    const at = this.#resources.findIndex((resource) => resource.identifier === identifier);
    if (at >= 0) this.#resources.splice(at, 1);
  }

  /** What is sent of a reference when its process leaves. */
  #detach(reference: ShippedReference, to: string): ShippedReference {
    const { handle, identifier, at } = reference;
    if (at !== undefined) return reference; // it stayed behind at an earlier move
    const resource = this.#found(identifier);
    const named = { handle, type: resource.type, identifier };
    // Whoever goes to where it is finds what it has.
    if (handle.strategy === "global reference" || to === this.#name) return { ...named, at: this.#name };
    if (handle.strategy === "rebind") return named;
    if (!resource.contents) throw new ResourceError(`${identifier}: a ${resource.type} has no contents to be sent`);
    if (handle.strategy === "move" && handle.attachment === "fixed")
      throw new ResourceError(`${identifier} is fixed here and can't be moved`);
    return { ...named, contents: resource.contents() };
  }

  /** What a reference means where its process has arrived; what it brings along is put to the others. */
  #bind(host: Host, shipped: ShippedReference, brought: LocalResource[]): ShippedReference {
    const { handle, type, identifier, at, contents } = shipped;
    if (at === host.name) return { handle, type, identifier };
    if (at !== undefined) return shipped;
    if (contents) {
      brought.push(fromContents(host, type, identifier, contents));
      return { handle, type, identifier };
    }
    const own = this.#resources.find((resource) => resource.type === type);
    if (!own) throw new ResourceError(`there is no ${type} at ${host.name} to bind ${identifier} to`);
    return { handle, type, identifier: own.identifier };
  }
}
