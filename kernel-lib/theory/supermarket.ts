import { checkNonNegative, checkPositive, checkWhole } from "../errors.js";
import { pow } from "../simulation/elementary-functions/index.js";
import type { QueueOptions } from "./single-server.js";

/** Many equal servers behind a dispatcher. Arrivals and service are those of each server. */
export interface SupermarketOptions extends QueueOptions {
  /** How many servers are looked at, at random, for each request; it joins the shortest line of them. */
  readonly choices: number;
}

/** Means of a server in steady state. At a load of 1 or more the times and numbers are `Infinity`. */
export interface Supermarket {
  /** Share of time that a server works, ρ. */
  readonly utilization: number;
  /** From arrival to departure. */
  readonly responseMs: number;
  /** Requests at a server, the one in service included. */
  readonly inSystem: number;
  /** The share of servers with at least 0, 1, 2 … requests, down to one in 10¹². */
  readonly atLeast: readonly number[];
}

/**
 * The supermarket model: each request looks at d random servers and joins the shortest line, Poisson arrivals, exponential service, so many
 * servers that their states are independent. The share with at least i requests is ρ^((dⁱ−1)/(d−1)): one choice gives M/M/1, two make
 * lines doubly exponentially rare. A thousand servers lie within 1.5 % up to load 0.95.
 *
 * @throws {@link ParameterError} if arrivalsPerS is not finite and at least 0, serviceMs not above 0, or choices not whole and at least 1.
 * @see Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12, 2001; Vvedenskaya, Dobrushin and Karpelevich, 1996.
 * @example
 * supermarket({ arrivalsPerS: 90, serviceMs: 10, choices: 2 }).responseMs // 26.1, where one choice gives 100
 */
export function supermarket(options: SupermarketOptions): Supermarket {
  const arrivalsPerS = checkNonNegative("supermarket", "arrivalsPerS", options?.arrivalsPerS);
  const serviceMs = checkPositive("supermarket", "serviceMs", options.serviceMs);
  const choices = checkWhole("supermarket", "choices", options.choices, 1);
  const load = (arrivalsPerS * serviceMs) / 1000;
  const never = Number.POSITIVE_INFINITY;
  if (load >= 1) return { utilization: 1, responseMs: never, inSystem: never, atLeast: [1] };
  if (load === 0) return { utilization: 0, responseMs: serviceMs, inSystem: 0, atLeast: [1] };
  // sᵢ₊₁ = ρ·sᵢᵈ: what arrives at lines of i must end at lines of i + 1.
  const atLeast = [1];
  for (let share = load; share > 1e-12; share = load * pow(share, choices)) atLeast.push(share);
  const inSystem = choices === 1 ? load / (1 - load) : sumOf(atLeast.slice(1));
  return { utilization: load, responseMs: (inSystem / load) * serviceMs, inSystem, atLeast };
}

/** Small terms first, so that none is lost. */
const sumOf = (terms: readonly number[]): number => terms.reduceRight((sum, term) => sum + term, 0);
