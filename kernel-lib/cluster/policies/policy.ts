import { refuse } from "../../errors.js";

/** A server behind a front end, as the front end knows it now: what it knows may be out of date. */
export interface BackEnd {
  /** Its name: two back ends of one cluster never share one. */
  readonly name: string;
  /** Requests that it was given and has not answered. */
  readonly active: number;
  /** How much it takes, beside the others; 1 unless told. */
  readonly weight?: number;
  /** `up` takes requests; `draining` answers those that it has and takes no new ones; `down` does not answer. `up` unless told. */
  readonly health?: "up" | "draining" | "down";
}

/** What a policy knows of a request. */
export interface DispatchRequest {
  /** What it asks for, or who asks: requests of one key belong together. The empty text unless told. */
  readonly key?: string;
}

/**
 * Says which back end gets a request: the same object in a model, in a program and behind real sockets.
 *
 * Whoever uses it calls `choose`, counts the request in the chosen back end's `active`, and when the request is over counts it out and calls
 * `done`. Only back ends that are up are chosen. An object belongs to one front end: most keep something from one request to the next.
 */
export interface DispatchPolicy {
  /** What figures and reports call it. */
  readonly name: string;
  /** The back end for a request, one of those given; `undefined` when none is up. */
  choose<B extends BackEnd>(request: DispatchRequest, backEnds: readonly B[]): B | undefined;
  /** Tells that a request is over. Policies that keep nothing about it leave this out. */
  done?(request: DispatchRequest, backEnd: BackEnd): void;
}

/** Whether a back end takes new requests. */
export const isUp = (backEnd: BackEnd): boolean => backEnd.health === undefined || backEnd.health === "up";

/** The weight of a back end, 1 unless told. @internal */
export const weightOf = (backEnd: BackEnd): number => backEnd.weight ?? 1;

/** Of those that are up, the one with the least `active` for its weight; of equals the first, counted from place `from` on. @internal */
export function leastLoaded<B extends BackEnd>(backEnds: readonly B[], from = 0): B | undefined {
  let [best, least] = [undefined as B | undefined, Number.POSITIVE_INFINITY];
  for (let i = 0; i < backEnds.length; i++) {
    const backEnd = backEnds[(from + i) % backEnds.length] as B;
    const load = backEnd.active / weightOf(backEnd);
    if (load < least && isUp(backEnd)) [best, least] = [backEnd, load];
  }
  return best;
}

/** A back end that is up, and where it stands in the list. @internal */
export interface Member {
  readonly name: string;
  readonly weight: number;
  readonly place: number;
}

/** Keeps what `make` makes of the back ends that are up, until others are, or their weights change. @internal */
export function whileSame<T>(make: (up: readonly Member[]) => T): (backEnds: readonly BackEnd[]) => T {
  let names: string[] = [];
  let weights: number[] = [];
  let made: T | undefined;
  // A weight of -1 says that it is not up.
  const weightNow = (backEnd: BackEnd) => (isUp(backEnd) ? weightOf(backEnd) : -1);
  return (backEnds) => {
    let isSame = made !== undefined && names.length === backEnds.length;
    for (let i = 0; isSame && i < backEnds.length; i++) {
      const backEnd = backEnds[i] as BackEnd;
      isSame = names[i] === backEnd.name && weights[i] === weightNow(backEnd);
    }
    if (isSame) return made as T;
    names = backEnds.map(({ name }) => name);
    weights = backEnds.map(weightNow);
    made = make(
      names
        .map((name, place) => ({ name, weight: weights[place] as number, place }))
        .filter(({ weight }) => weight >= 0),
    );
    return made;
  };
}

/** The source of a policy that draws, else a ParameterError. @internal */
export function checkSource(where: string, source: unknown): void {
  if (typeof source !== "function") refuse(where, "source", "a random source, such as randomStream(1, …)", source);
}
