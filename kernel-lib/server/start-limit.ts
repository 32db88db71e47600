/** What a limit counts together, as inetd does. */
const minuteMs = 60_000;

/**
 * How often a service may be started in a minute. A minute begins with a start, and the next with the first start after it: in any
 * sixty seconds there may be up to twice as many, as with inetd.
 */
export class StartLimit {
  readonly #most: number;
  #count = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;

  constructor(maxPerMinute: number) {
    this.#most = maxPerMinute;
  }

  /** Whether one more may be started now; if so, it is counted. */
  allows(nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= minuteMs) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    if (this.#count >= this.#most) return false;
    this.#count++;
    return true;
  }
}
