import { checkNonNegative, checkWhole, refuse } from "../errors.js";

/** A station that each customer visits. */
export interface MvaStation {
  /** Names the station in the rows. */
  readonly name: string;
  /** Service that a customer needs there in one cycle: visits times service time. */
  readonly demandMs: number;
  /** `queue`: one server, others wait. `delay`: as many servers as customers, nobody waits. Default `queue`. */
  readonly kind?: "queue" | "delay";
}

/** See {@link meanValueAnalysis}. */
export interface MvaOptions {
  /** Where customers are served; the order does not matter. */
  readonly stations: readonly MvaStation[];
  /** The largest number of customers. */
  readonly customers: number;
  /** What a customer does elsewhere between two cycles. Default 0. */
  readonly thinkMs?: number;
}

/** The network with so many customers. */
export interface MvaRow {
  /** How many customers go round. */
  readonly customers: number;
  /** Cycles that are completed. */
  readonly throughputPerS: number;
  /** From leaving the think time to coming back to it. */
  readonly responseMs: number;
}

/** One station with so many customers in the network. */
export interface MvaStationRow {
  /** How many customers go round. */
  readonly customers: number;
  /** The station's name. */
  readonly station: string;
  /** Spent there in one cycle, waiting and served. */
  readonly residenceMs: number;
  /** Customers there, waiting or served. */
  readonly inStation: number;
  /** Share of time that the server works; at a `delay`, the mean number being served. */
  readonly utilization: number;
}

/** See {@link meanValueAnalysis}. */
export interface MvaResult {
  /** One row for each number of customers, from 1. */
  readonly rows: MvaRow[];
  /** One row for each number of customers and each station, in the order given. */
  readonly stations: MvaStationRow[];
}

/**
 * Exact mean value analysis of a closed network with one class of customers: an arriving customer sees the network as
 * it is with one customer less. Product form is assumed: exponential service where stations are first come first served.
 *
 * @returns `rows`, one for each number of customers from 1, and `stations`, one for each of them and each station.
 * @throws {@link ParameterError} if there is no station, a time is not finite and at least 0, or customers is not whole and
 * at least 1.
 * @see Reiser and Lavenberg, "Mean-Value Analysis of Closed Multichain Queuing Networks", J. ACM 27, 1980.
 * @example
 * meanValueAnalysis({ stations: [{ name: "cpu", demandMs: 15 }, { name: "disk", demandMs: 25 }], customers: 16 })
 */
export function meanValueAnalysis(options: MvaOptions): MvaResult {
  checkStations("meanValueAnalysis", options?.stations);
  const { stations, customers, thinkMs = 0 } = options;
  checkWhole("meanValueAnalysis", "customers", customers, 1);
  checkNonNegative("meanValueAnalysis", "thinkMs", thinkMs);
  const rows: MvaRow[] = [];
  const stationRows: MvaStationRow[] = [];
  let inStation = stations.map(() => 0);
  for (let n = 1; n <= customers; n++) {
    const residence = stations.map(({ demandMs, kind }, i) =>
      kind === "delay" ? demandMs : demandMs * (1 + (inStation[i] as number)),
    );
    const responseMs = residence.reduce((sum, time) => sum + time, 0);
    const perMs = n / (thinkMs + responseMs);
    inStation = residence.map((time) => perMs * time);
    rows.push({ customers: n, throughputPerS: perMs * 1000, responseMs });
    stations.forEach(({ name, demandMs }, i) => {
      stationRows.push({
        customers: n,
        station: name,
        residenceMs: residence[i] as number,
        inStation: inStation[i] as number,
        utilization: perMs * demandMs,
      });
    });
  }
  return { rows, stations: stationRows };
}

/** @internal */
export function checkStations(
  where: string,
  stations: readonly { demandMs: number; name: string; kind?: string }[],
): void {
  if (!Array.isArray(stations) || stations.length === 0)
    refuse(where, "stations", "an array of at least one station", stations);
  stations.forEach((station, i) => {
    if (typeof station !== "object" || station === null)
      refuse(where, `stations[${i}]`, "an object such as { name, demandMs }", station);
    const { name, demandMs, kind } = station;
    if (typeof name !== "string") refuse(where, `stations[${i}].name`, "a text", name);
    checkNonNegative(where, `stations[${i}].demandMs`, demandMs);
    if (kind !== undefined && kind !== "queue" && kind !== "delay")
      refuse(where, `stations[${i}].kind`, "queue or delay", kind);
  });
  if (!stations.some(({ demandMs }) => demandMs > 0))
    refuse(where, "stations", "with a demandMs above 0 somewhere", stations);
}
