import { checkPositive, refuse } from "../../errors.js";
import { TimedOut } from "../../world/errors.js";
import type { Connection, Host, Mutex } from "../../world/host.js";
import type { Machine, MachineValue, Stop, Waiting } from "../abstract-machine/index.js";
import { HandOvers, isUnreachable, untilReached } from "./hand-over.js";
import { fromContents, type LocalResource, Mailbox, ResourceError } from "./local-resources.js";
import type { HopNews, HopRow, News, Report } from "./reports.js";
import type { ProcessRow, Which } from "./requests.js";
import { type Pace, runOn } from "./run-on.js";
import { processShipment } from "./shipment.js";
import { answerOfSurroundings } from "./surroundings.js";
import {
  type Arrival,
  type Ask,
  answerOf,
  askPlace,
  connectOptions,
  type Limits,
  placePort,
  type ShippedReference,
  unloadAt,
  type Whereabouts,
} from "./travel.js";
import { Push, type Wanted, wantedBy } from "./wanted.js";

/** See {@link place}. */
export interface PlaceOptions extends Pace, PlaceRules {}

/** What a place is like, however machines run there. */
export interface PlaceRules {
  /** What is there for programs to use. The place adds to this array what a process brings along, and takes out what one takes away. */
  readonly resources?: (host: Host) => LocalResource[];
  /** Where it listens; {@link placePort} unless told. */
  readonly port?: number;
  /**
   * How long a place waits for each word of the other when a process passes between them, the time for its image included; 60,000 ms
   * unless told. Then the process goes on where it was.
   */
  readonly handOverMs?: number;
  /**
   * After how long without a sign of life another host counts as dead, for a process that wants to go there or that uses a resource there.
   * Unless told, connecting is given up after 127,000 ms, and a resource's answer is waited for without end.
   */
  readonly deadAfterMs?: number;
}

/** Runs a machine on a host until it stops by itself or `until` says so. @internal */
export type RunGuest = (host: Host, machine: Machine, until: () => boolean) => Promise<Stop>;

/** A process at a place. */
interface Guest {
  readonly arrival: Arrival;
  readonly machine: Machine;
  readonly arrivedMs: number;
  references: Record<string, ShippedReference>;
  remoteCalls: number;
  clones: number;
  wanted: Wanted | undefined;
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

/** Of how many processes that have left a place knows where they went. */
const mostWays = 10_000;

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
  return placeWith(options, (host, machine, until) => runOn(host, machine, { ...options, until }));
}

/** A place where machines run in another way than {@link runOn}'s. @internal */
export function placeWith(rules: PlaceRules, run: RunGuest): (host: Host) => Promise<void> {
  return async (host) => {
    const here = new Place(host, rules, run);
    for await (const connection of await host.listen(rules.port ?? placePort))
      host.spawn((own) => here.serve(own, connection), { as: "thread", name: "place" });
  };
}

class Place {
  readonly #resources: LocalResource[];
  /** Resources that are leaving with a process: who asks for one waits until it is known whether it has left. */
  readonly #moving = new Map<string, Mutex>();
  readonly #guests = new Map<string, Guest>();
  /** Where processes went from here, for whoever looks for one: the last ten thousand. */
  readonly #wentTo = new Map<string, string>();
  readonly #handOvers: HandOvers;
  readonly #port: number;
  readonly #name: string;
  readonly #runGuest: RunGuest;
  /** How long other hosts may be silent. */
  readonly #limits: Limits;

  constructor(host: Host, rules: PlaceRules, runGuest: RunGuest) {
    this.#name = host.name;
    this.#runGuest = runGuest;
    this.#port = rules.port ?? placePort;
    this.#resources = rules.resources?.(host) ?? [];
    const patienceMs = checkPositive("place", "handOverMs", rules.handOverMs ?? 60_000);
    const { deadAfterMs } = rules;
    this.#limits = deadAfterMs === undefined ? {} : { deadAfterMs: checkPositive("place", "deadAfterMs", deadAfterMs) };
    this.#handOvers = new HandOvers(host, this.#port, patienceMs, this.#limits);
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
      const guest = this.#free(ask.which);
      if (guest) guest.wanted = wantedBy(connection, ask.clone);
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
      case "processes":
        return this.#processes();
      case "where":
        return this.#whereIs(ask.id);
      case "fetch":
        return this.#fetch(host, ask);
      case "push":
        return this.#push(host, ask);
      case "outcome":
        return this.#handOvers.outcomeOf(ask.transfer);
      default:
        return refuse("place", "ask", "one of a place's questions", (ask as { ask?: unknown }).ask);
    }
  }

  #processes(): ProcessRow[] {
    return [...this.#guests.values()].map(({ arrival, arrivedMs, machine }) => ({
      id: arrival.id,
      arrivedMs,
      instructions: machine.instructions,
    }));
  }

  #whereIs(id: string): Whereabouts {
    if (this.#guests.has(id)) return "there";
    const to = this.#wentTo.get(id);
    return to === undefined ? "unknown" : { to };
  }

  /** The first or last to come of those that nobody wants. */
  #free(which: Which): Guest | undefined {
    const free = [...this.#guests.values()].filter(({ wanted }) => wanted?.isGivenUp() ?? true);
    return free.at(which === "newest" ? -1 : 0);
  }

  #connect(host: Host, to: string, limits: Limits = this.#limits): Promise<Connection> {
    return host.connect(to, this.#port, connectOptions(limits));
  }

  /** Has a process of another place come here; false if there is none. */
  async #fetch(host: Host, { from, which, clone, timeoutMs }: Extract<Ask, { ask: "fetch" }>): Promise<boolean> {
    const connection = await this.#connect(host, from, { ...this.#limits, timeoutMs });
    await connection.send({ ask: "hand over", which, clone } satisfies Ask);
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

  /** Has a process of this place go to another one; false if there is none. @throws if it stays. */
  async #push(host: Host, { to, which, clone, timeoutMs }: Extract<Ask, { ask: "push" }>): Promise<boolean> {
    const guest = this.#free(which);
    if (!guest) return false;
    const push = new Push(host, to, clone, (own) => this.#connect(own, to));
    guest.wanted = push;
    const heard = await push.outcome(timeoutMs, () => guest.wanted !== push);
    if (heard instanceof Error) throw heard;
    return heard === "left";
  }

  /** The receiving half of a hand-over. @throws if the process does not come; {@link ResourceError} if it stays where it was. */
  async #receive(host: Host, connection: Connection, arrival: Leaving): Promise<void> {
    const start = this.#prepare(host, arrival, connection.peer);
    let isOurs: boolean;
    try {
      isOurs = await this.#handOvers.isOurs(host, connection, arrival.transfer);
    } catch (error) {
      const why = `nobody knows whether it has left ${connection.peer}: ${(error as Error).message}`;
      const { hops } = arrival;
      await this.#report(host, { ...arrival, hops: hops - 1 }, { how: "failed", results: [], error: why });
      throw error;
    }
    if (!isOurs) throw new ResourceError(`the process has stayed at ${connection.peer}`);
    start();
  }

  /** Makes all that the process needs here. It touches nothing, as the process may not come after all: what is returned starts it. */
  #prepare(host: Host, arrival: Arrival, from?: string): () => void {
    const machine = unloadAt(arrival.shipment, arrival.references);
    if (machine.state === "waiting" && arrival.answer !== undefined) machine.answer(arrival.answer);
    const references: Guest["references"] = {};
    const brought: LocalResource[] = [];
    for (const [name, shipped] of Object.entries(arrival.references))
      references[name] = this.#bind(host, shipped, brought);
    const guest: Guest = {
      arrival,
      machine,
      arrivedMs: host.now(),
      references,
      remoteCalls: arrival.remoteCalls,
      clones: 0,
      wanted: undefined,
    };
    return () => {
      for (const resource of brought) {
        this.#remove(resource.identifier);
        this.#resources.push(resource);
      }
      const { id, home } = arrival;
      this.#guests.set(id, guest);
      this.#wentTo.delete(id); // it is back: if it ends here, nobody shall be sent round in a circle
      host.spawn((own) => this.#run(own, guest), { as: "thread", name: `process ${id}` });
      if (from === undefined || !home.follow) return;
      const hop = hopOf(arrival, from, host.name);
      host.spawn((own) => tell(own, home, hop).catch(ifUnreachable), { as: "thread", name: `news of ${id}` });
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
    const report = { ...known, instructions: 0, remoteCalls, clones: 0, ...lived };
    try {
      await tell(host, home, { news: "end", report, hops });
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      host.log("nobody to report to", { id, how: ended.how, why: (error as Error).message });
    }
  }

  async #runToItsEnd(host: Host, guest: Guest): Promise<Stop | "gone"> {
    const { machine } = guest;
    for (;;) {
      const stop = await this.#runGuest(host, machine, () => guest.wanted !== undefined);
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
      await this.#give(host, guest, { to, clone, answer: 1 }, () => this.#connect(host, to));
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      guest.machine.answer(clone ? -1 : 0);
      return false;
    }
    if (clone) guest.machine.answer(0);
    return !clone;
  }

  /** Somebody wants the process elsewhere; true if it has left. If it can't leave, they are told why, and it goes on. */
  async #handOver(host: Host, guest: Guest, wanted: Wanted): Promise<boolean> {
    guest.wanted = undefined;
    const { to, clone } = wanted;
    try {
      await this.#give(host, guest, { to, clone }, () => wanted.connect(host));
    } catch (error) {
      await wanted.hear(error as Error);
      return false;
    }
    await wanted.hear("left");
    return !clone;
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
        this.#noteWay(arrival.id, departure.to);
        for (const identifier of moved) this.#remove(identifier);
      });
    } finally {
      release();
    }
  }

  #noteWay(id: string, to: string): void {
    this.#wentTo.delete(id);
    this.#wentTo.set(id, to);
    const [oldest = id] = this.#wentTo.keys();
    if (this.#wentTo.size > mostWays) this.#wentTo.delete(oldest);
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
    const id = clone ? `${arrival.id}.${guest.clones + 1}` : arrival.id;
    const { itinerary, home, seed } = arrival;
    const remoteCalls = clone ? 0 : guest.remoteCalls;
    const transfer = this.#handOvers.next();
    const known = { id, shipment, references, itinerary, home, remoteCalls, hops: arrival.hops + 1, stoppedMs };
    return {
      ask: "arrive",
      transfer,
      ...known,
      ...(clone && { isClone: true }),
      ...(seed !== undefined && { seed }),
      ...(answer !== undefined && { answer }),
    };
  }

  #forget(guest: Guest): void {
    const { arrival, wanted } = guest;
    if (this.#guests.get(arrival.id) === guest) this.#guests.delete(arrival.id);
    void wanted?.hear("ended");
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
    const answer = await askPlace(
      host,
      at,
      this.#port,
      { ask: "perform", identifier, operation, args: numbers },
      this.#limits,
    );
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

/** What is told of an arrival. */
function hopOf(arrival: Arrival, from: string, to: string): HopNews {
  const { id, hops, isClone, stoppedMs = Number.NaN, shipment, references } = arrival;
  const row: HopRow = {
    kind: isClone ? "cloned" : "moved",
    from,
    to,
    stoppedMs,
    imageBytes: shipment.moves === "process" ? shipment.image.length : 0,
    resourceBytes: Object.values(references).reduce((sum, { contents }) => sum + (contents?.length ?? 0), 0),
  };
  return { news: "hop", id, number: hops, row };
}

/** @throws if nobody is there to hear it. */
async function tell(host: Host, home: Arrival["home"], news: News): Promise<void> {
  const connection = await untilReached(host, () => host.connect(home.host, home.port));
  await connection.send(news);
  connection.end();
}

function ifUnreachable(error: unknown): void {
  if (!isUnreachable(error)) throw error;
}
