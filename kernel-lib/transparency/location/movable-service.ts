import { checkPositive, refuse } from "../../errors.js";
import { xdr } from "../../protocol/index.js";
import type { Host, Mutex } from "../../world/index.js";
import { backOff } from "../failures/back-off.js";
import { CallTable, type CallTableRow } from "../failures/call-table.js";
import { locked } from "../failures/durable-service.js";
import { settledReply } from "../failures/once-only.js";
import { isLoss, retrying } from "../failures/retrying.js";
import { executed, type StatefulObject } from "../failures/stateful.js";
import {
  type Address,
  anything,
  type CallHandler,
  type Channel,
  dispatch,
  overConnections,
  type Procedure,
  procedure,
  type Remote,
  type RemoteCall,
  type RemoteInterface,
  type RemoteReply,
  remoteInterface,
  serveCalls,
  stub,
} from "../stubs/index.js";
import { Home, homePort } from "./home.js";

/** What a site that the service has left does with a call that still comes: pass it on, say where it has gone, or know nothing. */
export type LeftBehind = "forward" | "refer" | "forget";

/** See {@link movableService}. */
export interface MovableServiceOptions {
  /** The service's name. */
  readonly service: string;
  /** The machine of its home. */
  readonly home: string;
  /** Whether the service begins here. */
  readonly begins?: boolean;
  /** The port; 80 unless told. */
  readonly port?: number;
  /** What is left behind; `forward` unless told. */
  readonly leaves?: LeftBehind;
  /** Whether a site that passes calls on learns from replies that the service has gone further; true unless told. */
  readonly cutsShort?: boolean;
  /** How long to wait for another machine before trying again, or giving up; 100 ms unless told. */
  readonly timeoutMs?: number;
  /**
   * Who decides where the service is. `home`: its entry, by compare and set. `nobody`: the target takes over when it has the state, and the
   * source goes on when it hears nothing, which can end with two. `home` unless told.
   */
  readonly decides?: "home" | "nobody";
  /** Whether the table of duplicates travels along; true unless told. */
  readonly tableTravels?: boolean;
}

/** What a site has on its disk. `arrived`: the state is here, and the home has not said yet whether the service is. */
interface Kept<S> {
  readonly role: "holder" | "arrived" | "pointer" | "empty";
  readonly epoch: number;
  readonly state?: S;
  readonly table?: readonly CallTableRow[];
  readonly to?: Address;
}

/** What is sent when a service moves. */
interface Luggage {
  readonly epoch: number;
  readonly state: unknown;
  readonly table: readonly CallTableRow[];
}

/** The methods of {@link Moving}. */
export type MovingMethods = {
  /** Asks the holder to move the service to a site; tells whether it did. */
  readonly moveTo: Procedure<[host: string, port: number], boolean>;
  /** From the source to the target: the state. */
  // biome-ignore lint/suspicious/noExplicitAny: a service's own state
  readonly arrive: Procedure<[luggage: any], boolean>;
  /** From the source to the target: the home has said that you are it. */
  readonly begin: Procedure<[epoch: number], boolean>;
};

/** The interface by which sites move a service between them, and by which they are told to. */
export const Moving: RemoteInterface<MovingMethods> = remoteInterface({
  program: 0x20000011,
  version: 1,
  methods: {
    moveTo: procedure(1, [xdr.string(255), xdr.uint], xdr.bool),
    arrive: procedure(2, [anything], xdr.bool),
    begin: procedure(3, [xdr.uint], xdr.bool),
  },
});

/**
 * Tells the site at an address to move its service to another.
 *
 * @param timeoutMs how long to wait for its answer; 1000 ms unless told.
 * @returns whether the service went there: false too if it is not at `from` any more.
 * @throws {@link TimedOut} and what connections throw: then it is not known.
 */
export function moveService(host: Host, from: Address, to: Address, timeoutMs = 1000): Promise<boolean> {
  return stub(host, Moving, overConnections(host, from, { timeoutMs })).moveTo(to.host, to.port);
}

/**
 * Makes a machine a site that a service can be at: executes its calls while it is the holder, knows where it went afterwards, and takes part in moves. Never
 * returns.
 *
 * While a service moves, calls wait at the source. The order of a move: (1) no call runs; (2) the target writes state and table to its disk;
 * (3) the home's entry is set from the source to the target, if nobody else has changed it: *this write is the move*; (4) the source
 * becomes a pointer; (5) the target begins. Whoever crashes comes back knowing less, and asks the home. A source that comes back, or gives
 * up, sets the home's entry to itself anew first: an old request to set it to the target, still on its way, then fails.
 *
 * Rows of the trace: `executed`, `holds` (a site begins to execute calls), `left` (it does so no more), `passed on`.
 */
export async function movableService<I extends RemoteInterface, S>(
  host: Host,
  object: StatefulObject<I, S>,
  options: MovableServiceOptions,
): Promise<never> {
  const { port = 80, leaves = "forward", decides = "home" } = options;
  if (!["forward", "refer", "forget"].includes(leaves))
    refuse("movableService", "leaves", '"forward", "refer" or "forget"', leaves);
  if (decides !== "home" && decides !== "nobody") refuse("movableService", "decides", '"home" or "nobody"', decides);
  checkPositive("movableService", "timeoutMs", options.timeoutMs ?? 100);
  const here = new Site(host, object as unknown as StatefulObject<RemoteInterface, S>, options);
  await here.wakeUp();
  return serveCalls(host, (own) => here.handler(own), { port });
}

class Site<S> {
  readonly #object: StatefulObject<RemoteInterface, S>;
  readonly #options: MovableServiceOptions;
  readonly #self: Address;
  readonly #timeoutMs: number;
  /** Held by whoever executes a call or moves the service. */
  readonly #mutex: Mutex;
  readonly #host: Host;
  #kept: Kept<S> = { role: "empty", epoch: 0 };
  #table = new CallTable();

  constructor(host: Host, object: StatefulObject<RemoteInterface, S>, options: MovableServiceOptions) {
    this.#host = host;
    this.#object = object;
    this.#options = options;
    this.#self = { host: host.name, port: options.port ?? 80 };
    this.#timeoutMs = options.timeoutMs ?? 100;
    this.#mutex = host.mutex();
  }

  /** What a machine does that starts, for the first time or again. */
  async wakeUp(): Promise<void> {
    const host = this.#host;
    const kept: Kept<S> | undefined = await host.disk.read("site");
    if (kept) this.#kept = kept;
    this.#table = new CallTable(kept?.table ?? []);
    if (!kept && this.#options.begins)
      await this.#become(host, { role: "holder", epoch: 0, state: this.#object.initial });
    if (this.#kept.role === "holder" && this.#options.decides !== "nobody") {
      // Nothing is executed before the home has said so. The daemons after this one must start meanwhile: it may be among them.
      await this.#mutex.lock();
      host.spawn((own) => this.#claim(own).finally(() => this.#mutex.unlock()), { as: "thread", name: "claim" });
    } else if (this.#kept.role === "holder") this.#announce(host);
    if (this.#kept.role === "arrived") host.spawn((own) => this.#waitForWord(own), { as: "thread", name: "ask home" });
  }

  handler(own: Host): CallHandler {
    const moving = dispatch(Moving, {
      moveTo: (host, port) => this.#moveTo(own, { host, port }),
      arrive: (luggage) => this.#arrive(own, luggage as Luggage),
      begin: (epoch) => this.#begin(own, epoch),
    });
    return (call) => (call.program === Moving.program ? moving(call) : this.#call(own, call));
  }

  async #call(own: Host, call: RemoteCall): Promise<RemoteReply> {
    const reply = await locked(this.#mutex, () => this.#execute(own, call));
    if (reply) return reply;
    const { role, to } = this.#kept;
    const { leaves = "forward" } = this.#options;
    if (role !== "pointer" || !to || leaves === "forget") return { how: "moved" };
    return leaves === "refer" ? { how: "moved", to } : this.#passOn(own, call, to);
  }

  /** Nothing, if the service is not here. */
  async #execute(own: Host, call: RemoteCall): Promise<RemoteReply | undefined> {
    const { role, epoch, state } = this.#kept;
    if (role !== "holder") return undefined;
    const known = this.#table.find(call);
    if (known) return known === "settled" ? settledReply : known;
    const { state: next, reply } = await executed(this.#object, state as S, call);
    if (reply.how !== "returned" && reply.how !== "threw") return reply;
    this.#table.keep(call, reply);
    await this.#become(own, { role, epoch, state: next });
    own.log("executed", { client: call.client, call: call.number });
    return reply;
  }

  async #passOn(own: Host, call: RemoteCall, to: Address): Promise<RemoteReply> {
    own.log("passed on", { call: call.number, to: to.host });
    try {
      const reply = await overConnections(own, to, { timeoutMs: this.#timeoutMs })(call);
      if (reply.how !== "returned") return reply;
      const at = reply.at ?? to;
      if (this.#options.cutsShort !== false && this.#kept.role === "pointer") this.#kept = { ...this.#kept, to: at };
      return { ...reply, at };
    } catch (error) {
      if (!isLoss(error)) throw error;
      return { how: "moved" };
    }
  }

  async #moveTo(own: Host, target: Address): Promise<boolean> {
    return locked(this.#mutex, async () => {
      const { role, epoch, state } = this.#kept;
      if (role !== "holder") return false;
      if (target.host === this.#self.host && target.port === this.#self.port) return true;
      const table = this.#options.tableTravels === false ? [] : this.#table.rows;
      const other = stub(own, Moving, overConnections(own, target, { timeoutMs: this.#timeoutMs }));
      const sent = await unlessLost(other.arrive({ epoch: epoch + 1, state, table }));
      if (this.#options.decides === "nobody") {
        if (sent) await this.#leave(own, target, epoch + 1);
        return sent === true;
      }
      if (!sent) {
        await this.#claim(own);
        return false;
      }
      const { done, now } = await this.#home(own).move(this.#options.service, epoch, target.host, target.port);
      if (!done) {
        await this.#accept(own, now);
        return false;
      }
      await this.#leave(own, target, epoch + 1);
      await unlessLost(other.begin(epoch + 1));
      return true;
    });
  }

  async #arrive(own: Host, { epoch, state, table }: Luggage): Promise<boolean> {
    return locked(this.#mutex, async () => {
      // A copy of an old message: the service has been here since.
      if (epoch <= this.#kept.epoch) return this.#kept.epoch === epoch;
      this.#table = new CallTable(table);
      const role = this.#options.decides === "nobody" ? "holder" : "arrived";
      await this.#become(own, { role, epoch, state: state as S });
      if (role === "holder") this.#announce(own);
      // Not in the thread of this connection: who else would ask, if the source never says a word again?
      else own.spawn((asking) => this.#waitForWord(asking), { as: "thread", name: "ask home" });
      return true;
    });
  }

  async #begin(own: Host, epoch: number): Promise<boolean> {
    return locked(this.#mutex, async () => {
      if (this.#kept.role === "arrived" && this.#kept.epoch === epoch) await this.#hold(own, epoch);
      return this.#kept.role === "holder";
    });
  }

  /** The target, as long as it does not know whether the service is here: asks now and then. */
  async #waitForWord(own: Host): Promise<void> {
    const { epoch } = this.#kept;
    const isWaiting = () => this.#kept.role === "arrived" && this.#kept.epoch === epoch;
    for (await own.sleep(this.#timeoutMs); isWaiting(); await own.sleep(this.#timeoutMs)) {
      const now = await this.#home(own).find(this.#options.service);
      // Until the home's entry has this epoch or a later one, the move may still be decided either way.
      if (now && now.epoch >= epoch)
        await locked(this.#mutex, async () => {
          if (isWaiting()) await this.#accept(own, now);
        });
    }
  }

  /** Sets the home's entry to this site, as a new entry, if nobody has changed it; and takes what the home says. */
  async #claim(own: Host): Promise<void> {
    const { service } = this.#options;
    const { epoch } = this.#kept;
    // An entry of our own that is newer than what we remember was written just before a crash.
    const before = await this.#home(own).find(service);
    const isOurs = before !== undefined && before.host === this.#self.host && before.port === this.#self.port;
    const from = isOurs ? before.epoch : epoch;
    const { now } = await this.#home(own).move(service, from, this.#self.host, this.#self.port);
    await this.#accept(own, now);
  }

  /** Without a home that decides: begins, and has the home write down what it is told. */
  #announce(own: Host): void {
    this.#says(own, "holds");
    const tell = async (telling: Host): Promise<void> => {
      const before = await this.#home(telling).find(this.#options.service);
      await this.#home(telling).move(this.#options.service, before?.epoch ?? 0, this.#self.host, this.#self.port);
    };
    own.spawn(tell, { as: "thread", name: "tell home" });
  }

  async #accept(own: Host, now: (Address & { readonly epoch: number }) | undefined): Promise<void> {
    if (!now) return;
    if (now.host === this.#self.host && now.port === this.#self.port) return this.#hold(own, now.epoch);
    await this.#leave(own, now, now.epoch);
  }

  async #hold(own: Host, epoch: number): Promise<void> {
    await this.#become(own, { ...this.#kept, role: "holder", epoch });
    this.#says(own, "holds");
  }

  async #leave(own: Host, { host, port }: Address, epoch: number): Promise<void> {
    this.#says(own, "left");
    this.#table = new CallTable();
    await this.#become(own, { role: "pointer", epoch, to: { host, port } });
  }

  /** State, table and role in one write: a crash finds them as they were before, or as they are after. */
  async #become(own: Host, kept: Kept<S>): Promise<void> {
    this.#kept = kept;
    await own.disk.write("site", { ...kept, table: this.#table.rows });
  }

  #home(own: Host): Remote<typeof Home> {
    const channel: Channel = overConnections(
      own,
      { host: this.#options.home, port: homePort },
      { timeoutMs: this.#timeoutMs },
    );
    const pauses = backOff({ firstMs: this.#timeoutMs / 10, mostMs: this.#timeoutMs });
    // Without the home's word nothing may be executed here: there is nothing better to do than to ask again.
    return stub(own, Home, retrying(own, channel, { tries: Number.MAX_SAFE_INTEGER, pauses }));
  }

  #says(own: Host, event: "holds" | "left"): void {
    own.log(event, { service: this.#options.service, epoch: this.#kept.epoch });
  }
}

async function unlessLost<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isLoss(error)) return undefined;
    throw error;
  }
}
