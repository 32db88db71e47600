import { because } from "../core/failures.js";
import type { Wait } from "../core/wait.js";
import { TimedOut } from "../errors.js";
import type { End } from "./end.js";

/** The wait for something from the peer fails if it takes longer than that. */
export function failWhenLate<T>(end: End, wait: Wait<T>, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return;
  const { core } = end;
  const late = (): void => {
    const { text, options } = because(core.failures.of(end.peerOwner?.exit));
    wait.fail(new TimedOut(`${wait.kind} on ${end.id}: nothing came in ${timeoutMs} ms${text}`, options));
  };
  wait.timer = core.driver.at(core.now() + timeoutMs, late, undefined);
}
