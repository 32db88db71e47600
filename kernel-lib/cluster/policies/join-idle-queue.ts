import type { RandomSource } from "../../simulation/index.js";
import { someOf } from "./choices.js";
import { checkSource, type DispatchPolicy, whileSame } from "./policy.js";

/**
 * Back ends that have nothing to do stand in a line; a request goes to the first of it, or to a random one when the line is empty. Promises: no request
 * waits while a back end is idle, and nobody is asked when a request comes: the back ends report, by `done`.
 *
 * @param source random numbers: a named stream in a model, `host.random` in a program.
 * @throws {@link ParameterError} if source is no function.
 * @see Lu et al., "Join-Idle-Queue: A novel load balancing algorithm for dynamically scalable web services", Performance Evaluation 68, 2011.
 */
export function joinIdleQueue(source: RandomSource): DispatchPolicy {
  checkSource("joinIdleQueue", source);
  /** The names of idle back ends, in the order in which they became idle. */
  const idle = new Set<string>();
  const placesOf = whileSame((up) => ({ places: new Map(up.map(({ name, place }) => [name, place])), isNew: true }));
  return {
    name: "join idle queue",
    choose(_request, backEnds) {
      const members = placesOf(backEnds);
      if (members.isNew) {
        members.isNew = false;
        for (const place of members.places.values()) {
          const backEnd = backEnds[place] as (typeof backEnds)[number];
          if (backEnd.active === 0) idle.add(backEnd.name);
        }
      }
      for (const name of idle) {
        idle.delete(name);
        const place = members.places.get(name);
        if (place !== undefined) return backEnds[place];
      }
      return someOf(1, backEnds, source)[0];
    },
    done(_request, backEnd) {
      if (backEnd.active === 0) idle.add(backEnd.name);
    },
  };
}
