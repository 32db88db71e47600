import { checkNonNegative, checkPositive, checkWhole, refuse } from "../errors.js";
import { exp, log } from "../simulation/elementary-functions/index.js";
import {
  checkStations,
  type MvaResult,
  type MvaRow,
  type MvaStation,
  type MvaStationRow,
} from "./mean-value-analysis.js";

/** A station of a closed network, of any number of servers. */
export interface ClosedStation extends MvaStation {
  /** How many serve at the same time. Default 1. */
  readonly servers?: number;
  /** For a station whose speed depends on how many are there: work done per unit of time with n customers there. */
  readonly speed?: (customersThere: number) => number;
}

/** See {@link closedNetwork}. */
export interface ClosedNetworkOptions {
  /** Where customers are served; the order does not matter. */
  readonly stations: readonly ClosedStation[];
  /** The largest number of customers. */
  readonly customers: number;
  /** What a customer does elsewhere between two cycles. Default 0. */
  readonly thinkMs?: number;
}

/**
 * A closed network with stations of several servers, or of a speed that depends on the number there: exact, by the
 * convolution of the stations' weights, in logarithms, since mean value analysis loses digits there. Agrees with
 * {@link meanValueAnalysis} where that applies. Product form is assumed.
 *
 * A station's `utilization` is the mean number of servers that work, over their number; with `speed`, the share of time in
 * which anybody is there.
 *
 * @throws {@link ParameterError} as {@link meanValueAnalysis}, or if servers is not whole and at least 1 or a speed is not
 * finite and above 0.
 * @see Buzen, "Computational Algorithms for Closed Queueing Networks with Exponential Servers", C. ACM 16, 1973.
 */
export function closedNetwork(options: ClosedNetworkOptions): MvaResult {
  checkStations("closedNetwork", options?.stations);
  const { stations, customers, thinkMs = 0 } = options;
  checkWhole("closedNetwork", "customers", customers, 1);
  checkNonNegative("closedNetwork", "thinkMs", thinkMs);
  const weights = stations.map((station, i) => stationWeights(station, i, customers));
  const think = stationWeights({ name: "think", demandMs: thinkMs, kind: "delay" }, -1, customers);
  const before = prefixes([think, ...weights], customers);
  const after = prefixes([...weights].reverse(), customers).reverse();
  const all = before[weights.length + 1] as number[];
  const rows: MvaRow[] = [];
  const stationRows: MvaStationRow[] = [];
  const others = weights.map((_w, i) => convolve(before[i + 1] as number[], after[i + 1] as number[], customers));
  for (let n = 1; n <= customers; n++) {
    const perMs = exp((all[n - 1] as number) - (all[n] as number));
    rows.push({ customers: n, throughputPerS: perMs * 1000, responseMs: n / perMs - thinkMs });
    stations.forEach((station, i) => {
      let inStation = 0;
      let busy = 0;
      for (let k = 1; k <= n; k++) {
        const probability = exp((weights[i]?.[k] as number) + (others[i]?.[n - k] as number) - (all[n] as number));
        inStation += k * probability;
        busy += probability;
      }
      const served = perMs * station.demandMs;
      stationRows.push({
        customers: n,
        station: station.name,
        residenceMs: inStation / perMs,
        inStation,
        utilization: station.speed ? busy : served / (station.kind === "delay" ? 1 : (station.servers ?? 1)),
      });
    });
  }
  return { rows, stations: stationRows };
}

/** Logarithms of the weights of 0, 1, 2 … customers at a station: demandⁿ over the product of its speeds. */
function stationWeights(station: ClosedStation, index: number, customers: number): number[] {
  const { demandMs, kind, servers = 1, speed } = station;
  checkWhole("closedNetwork", `stations[${index}].servers`, servers, 1);
  if (speed !== undefined && typeof speed !== "function")
    refuse("closedNetwork", `stations[${index}].speed`, "a function of the number of customers there", speed);
  const logs = [0];
  for (let n = 1; n <= customers; n++) {
    const rate = speed ? speed(n) : kind === "delay" ? n : Math.min(n, servers);
    checkPositive("closedNetwork", `stations[${index}].speed(${n})`, rate);
    logs.push((logs[n - 1] as number) + log(demandMs / rate));
  }
  return logs;
}

/** The convolutions of the first 0, 1, 2 … of these. */
function prefixes(weights: readonly number[][], customers: number): number[][] {
  const none = Array.from({ length: customers + 1 }, (_v, n) => (n === 0 ? 0 : Number.NEGATIVE_INFINITY));
  const found = [none];
  for (const one of weights) found.push(convolve(found[found.length - 1] as number[], one, customers));
  return found;
}

function convolve(a: readonly number[], b: readonly number[], customers: number): number[] {
  return Array.from({ length: customers + 1 }, (_v, n) => {
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 0; k <= n; k++) most = Math.max(most, (a[k] as number) + (b[n - k] as number));
    if (most === Number.NEGATIVE_INFINITY) return most;
    let sum = 0;
    for (let k = 0; k <= n; k++) sum += exp((a[k] as number) + (b[n - k] as number) - most);
    return most + log(sum);
  });
}
