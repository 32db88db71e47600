import { checkNonNegative, checkShare, checkWhole, refuse } from "../../errors.js";
import type { WholeLink } from "./link.js";
import type { MigrationRow } from "./migration-row.js";

/**
 * When a pre-copy goes how fast, and when it stops the machine. Its functions are asked before each round with the rows so far,
 * and must answer the same rows alike.
 */
export interface PreCopyPolicy {
  /** The rate of the next round. Above the link's, Infinity too, it is the link's. */
  bytesPerS(rows: readonly MigrationRow[]): number;
  /** The rate of the last copy, when the machine has stopped. That of a further round unless told. */
  stoppedBytesPerS?(rows: readonly MigrationRow[]): number;
  /** A round ends as soon as less than this is left to send, headers not counted; 0 unless told: when nothing is. */
  roundEndsAtBytes?(bytesPerS: number): number;
  /**
   * Whether to stop the machine now, after at least one round. With nothing left to send it is stopped in any case.
   *
   * @param leftBytes what would be sent then, headers not counted.
   * @param bytesPerS the rate of the next round.
   */
  stops(rows: readonly MigrationRow[], leftBytes: number, bytesPerS: number): boolean;
  /** The share of its time, 0 to 1, that is taken from the machine in the next round. 0 unless told. */
  throttle?(rows: readonly MigrationRow[]): number;
  /** Whether a page is left out that has been written again when its turn comes: it will be sent later. */
  readonly skipRewritten?: boolean;
  /** The order in which a round goes over memory: by address, or as Xen's, which mixes neighbours. `ascending` unless told. */
  readonly scan?: "ascending" | "permuted";
  /** With `skipRewritten`: how many pages are chosen at a time. 1 unless told. */
  readonly batchPages?: number;
  /** What may be sent in so long is sent at once, at the link's rate, and only then is looked at what is left. 0, no such window, unless told. */
  readonly windowMs?: number;
}

/** A policy whose answers are checked. @internal */
export interface CheckedPolicy {
  bytesPerS(rows: readonly MigrationRow[]): number;
  stoppedBytesPerS(rows: readonly MigrationRow[]): number;
  roundEndsAtBytes(bytesPerS: number): number;
  stops(rows: readonly MigrationRow[], leftBytes: number, bytesPerS: number): boolean;
  throttle(rows: readonly MigrationRow[]): number;
  readonly skipRewritten: boolean;
  readonly scan: "ascending" | "permuted";
  readonly batchPages: number;
  readonly windowMs: number;
}

/** Checks what a policy is, not what it answers. @throws {@link ParameterError} in the name of `where`. @internal */
export function checkPolicyFields(where: string, at: string, policy: PreCopyPolicy) {
  if (typeof policy !== "object" || policy === null) refuse(where, at, "an object", policy);
  for (const name of ["bytesPerS", "stops", "stoppedBytesPerS", "roundEndsAtBytes", "throttle"] as const) {
    const isNeeded = name === "bytesPerS" || name === "stops";
    if (typeof policy[name] !== "function" && (isNeeded || policy[name] !== undefined))
      refuse(where, `${at}.${name}`, "a function", policy[name]);
  }
  const { skipRewritten = false, scan = "ascending", batchPages = 1, windowMs = 0 } = policy;
  if (typeof skipRewritten !== "boolean") refuse(where, `${at}.skipRewritten`, "true or false", skipRewritten);
  if (scan !== "ascending" && scan !== "permuted") refuse(where, `${at}.scan`, '"ascending" or "permuted"', scan);
  return {
    skipRewritten,
    scan,
    batchPages: checkWhole(where, `${at}.batchPages`, batchPages, 1),
    windowMs: checkNonNegative(where, `${at}.windowMs`, windowMs),
  };
}

/**
 * Fills in what was left out. What the policy answers is checked when it does.
 *
 * @throws {@link ParameterError} in the name of `where`. @internal
 */
export function checkPolicy(where: string, at: string, policy: PreCopyPolicy, link: WholeLink): CheckedPolicy {
  const fields = checkPolicyFields(where, at, policy);
  const rate = (name: "bytesPerS" | "stoppedBytesPerS", rows: readonly MigrationRow[]): number => {
    const value: unknown = policy[name]?.(rows);
    if (typeof value !== "number" || !(value > 0))
      refuse(where, `what ${at}.${name} returns`, "a number above 0", value);
    return Math.min(value, link.linkBytesPerS);
  };
  return {
    ...fields,
    bytesPerS: (rows) => rate("bytesPerS", rows),
    stoppedBytesPerS: (rows) => rate(policy.stoppedBytesPerS ? "stoppedBytesPerS" : "bytesPerS", rows),
    roundEndsAtBytes: (bytesPerS) =>
      checkNonNegative(where, `what ${at}.roundEndsAtBytes returns`, policy.roundEndsAtBytes?.(bytesPerS) ?? 0),
    stops: (rows, leftBytes, bytesPerS) => {
      const answer: unknown = policy.stops(rows, leftBytes, bytesPerS);
      if (typeof answer !== "boolean") refuse(where, `what ${at}.stops returns`, "true or false", answer);
      return answer;
    },
    throttle: (rows) => checkShare(where, `what ${at}.throttle returns`, policy.throttle?.(rows) ?? 0),
  };
}
