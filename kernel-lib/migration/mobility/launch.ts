import { checkPositive } from "../../errors.js";
import { TimedOut } from "../../world/errors.js";
import type { Connection, Host, Listener, Queue } from "../../world/host.js";
import type { Handles } from "./bindings.js";
import { isUnreachable } from "./hand-over.js";
import { Journeys, type News, type Report } from "./reports.js";
import type { Shipment } from "./shipment.js";
import { type Arrival, askPlace, placePort, type ShippedReference, type Whereabouts } from "./travel.js";

/** See {@link launch}. */
export interface LaunchOptions {
  /** The program, or a process that was stopped elsewhere. */
  readonly shipment: Shipment;
  /** Its references to resources, by the names under which it imports them. */
  readonly handles?: Handles;
  /** Where `travel.go(0)`, `travel.go(1)` … lead; the same for `travel.clone`. */
  readonly itinerary?: readonly string[];
  /** The port of all places; {@link placePort} unless told. */
  readonly port?: number;
  /** How long to wait until all have ended; for ever unless told. */
  readonly timeoutMs?: number;
  /**
   * Whether each place at which the process arrives tells it here: one message of some 120 bytes, which the process does not wait for. True
   * unless told; else reports have no hops, and one that does not come back is looked for along its whole way.
   */
  readonly follow?: boolean;
}

/** A process that had not ended when its launcher's time was up. */
export interface MissingProcess {
  /** As in its report. */
  readonly id: string;
  /** The last place of which anybody knows that it was to be there; undefined for a clone of which only its original told. */
  readonly place: string | undefined;
  /** What that place says: it is still there; it is not, and may have died with an earlier place; or nothing, being dead or cut off. */
  readonly state: "there" | "not there" | "no answer";
}

/** The time for which {@link launch} was to wait was up, and a process had not ended. It may do so yet: nobody can tell a dead host from a slow one. */
export class LaunchTimedOut extends TimedOut {
  /** What ended in time. */
  readonly reports: readonly Report[];
  /** What did not. */
  readonly missing: readonly MissingProcess[];

  /** @internal */
  constructor(timeoutMs: number, reports: readonly Report[], missing: readonly MissingProcess[]) {
    super(`launch: not ended within ${timeoutMs} ms: ${missing.map(lastNewsOf).join("; ")}`);
    this.reports = reports;
    this.missing = missing;
  }
}

function lastNewsOf({ id, place, state }: MissingProcess): string {
  if (place === undefined) return `${id}, whose place is not known`;
  if (state === "there") return `${id}, which is still at ${place}`;
  return state === "not there"
    ? `${id}, last heard of at ${place}, which has it no more`
    : `${id}, last heard of at ${place}, which does not answer`;
}

/** How long to wait for news of hops that are on their way when all processes have ended, and for a place's answer when they have not. */
const lastWordMs = 1000;

/**
 * Sends a program or a process to a place, which runs it, and waits until it and all clones of it have ended, wherever they are
 * then. References begin as they are at that place.
 *
 * @returns one report for each, in the order of their end.
 * @throws {@link ResourceError} if the place can't make a machine of the shipment; {@link ConnectionRefused} if there is no place;
 *   {@link LaunchTimedOut} after `timeoutMs`, and up to a second more in which the last places are asked: so if a host died with a process on it.
 */
export async function launch(host: Host, place: string, options: LaunchOptions): Promise<Report[]> {
  if (options.timeoutMs !== undefined) checkPositive("launch", "timeoutMs", options.timeoutMs);
  const listener = await host.listen(0);
  const hearing = new Set<Connection>();
  try {
    return await launched(host, place, options, listener, hearing);
  } finally {
    listener.close();
    for (const connection of hearing) connection.reset();
  }
}

async function launched(
  host: Host,
  place: string,
  options: LaunchOptions,
  listener: Listener,
  hearing: Set<Connection>,
): Promise<Report[]> {
  const { port = placePort, timeoutMs } = options;
  const untilMs = host.now() + (timeoutMs ?? Infinity);
  const arrival = arrivalOf(host, place, options, listener.port);
  const journeys = new Journeys(arrival.id, place);
  try {
    await askPlace(host, place, port, arrival, timeoutMs === undefined ? {} : { timeoutMs });
    const news = host.queue<News>();
    void hearAll(listener, news, hearing);
    while (journeys.missing.length > 0) journeys.add(await nextOf(news, untilMs - host.now()));
    const hopsUntilMs = Math.min(untilMs, host.now() + lastWordMs);
    if (arrival.home.follow)
      while (!journeys.areComplete) {
        const late = await nextOf(news, hopsUntilMs - host.now()).catch(ifTimedOut);
        if (!late) break;
        journeys.add(late);
      }
    return journeys.reports();
  } catch (error) {
    if (timeoutMs === undefined || !(error instanceof TimedOut)) throw error;
    const missing = await Promise.all(journeys.missing.map((one) => lookedFor(host, port, one)));
    throw new LaunchTimedOut(timeoutMs, journeys.reports(), missing);
  }
}

function arrivalOf(host: Host, place: string, options: LaunchOptions, port: number): Arrival {
  const { shipment, handles = {}, itinerary = [], follow = true } = options;
  const references = Object.fromEntries(
    Object.entries(handles).map(([name, handle]) => [
      name,
      { handle, type: "", identifier: handle.identifier, at: place } satisfies ShippedReference,
    ]),
  );
  const home = { host: host.name, port, follow };
  const id = `${home.host}:${home.port}`;
  return { ask: "arrive", id, shipment, references, itinerary, home, remoteCalls: 0, hops: 0 };
}

/** Hears all who come at once: one that dies before it has told its news keeps nobody else waiting. */
async function hearAll(listener: Listener, news: Queue<News>, hearing: Set<Connection>): Promise<void> {
  const hear = async (connection: Connection): Promise<void> => {
    hearing.add(connection);
    const said = (await connection.receive()) as News | undefined;
    hearing.delete(connection);
    if (said) news.offer(said);
  };
  try {
    for await (const connection of listener) hear(connection).catch(() => hearing.delete(connection));
  } catch {
    // It was cancelled, and so was who waits for the news.
  }
}

function nextOf(news: Queue<News>, leftMs: number): Promise<News> {
  return leftMs === Infinity ? news.take() : news.take({ timeoutMs: Math.max(0, leftMs) });
}

function ifTimedOut(error: unknown): undefined {
  if (!(error instanceof TimedOut)) throw error;
}

/** Asks the place from which its last news came, and the one to which it went from there, and so on. */
async function lookedFor(
  host: Host,
  port: number,
  { id, place }: Pick<MissingProcess, "id" | "place">,
): Promise<MissingProcess> {
  if (place === undefined) return { id, place, state: "no answer" };
  const untilMs = host.now() + lastWordMs;
  for (let at = place; ; ) {
    const leftMs = untilMs - host.now();
    if (!(leftMs > 0)) return { id, place: at, state: "no answer" };
    let where: Whereabouts;
    try {
      where = (await askPlace(host, at, port, { ask: "where", id }, { timeoutMs: leftMs })) as Whereabouts;
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      return { id, place: at, state: "no answer" };
    }
    if (where === "there") return { id, place: at, state: "there" };
    if (where === "unknown") return { id, place: at, state: "not there" };
    at = where.to;
  }
}
