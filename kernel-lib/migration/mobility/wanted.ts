import { TimedOut } from "../../world/errors.js";
import type { Connection, Host } from "../../world/host.js";
import { ResourceError } from "./local-resources.js";

/** What became of a process that somebody wanted: it, or its clone, has left; it ended before; or why it could not leave. @internal */
export type Heard = "left" | "ended" | Error;

/** Somebody who wants a process that runs here to go elsewhere. It goes when its machine next stops. @internal */
export interface Wanted {
  readonly clone: boolean;
  /** The place where it is wanted. */
  readonly to: string;
  /** Opens the connection over which it goes. */
  readonly connect: (host: Host) => Promise<Connection>;
  /** Whoever wanted it is gone. */
  readonly isGivenUp: () => boolean;
  /** Never rejects: whoever wanted it may be gone. */
  readonly hear: (what: Heard) => Promise<void>;
}

/** Another place has asked for it, over a connection by which it then comes. @internal */
export function wantedBy(connection: Connection, clone: boolean): Wanted {
  const answer = async (what: Heard): Promise<void> => {
    if (what === "left" || connection.signal.aborted) return;
    await connection.send(what === "ended" ? null : { error: what.message });
    connection.end();
  };
  return {
    clone,
    to: connection.peer,
    connect: async () => connection,
    isGivenUp: () => connection.signal.aborted,
    hear: (what) => answer(what).catch(() => undefined),
  };
}

/** Somebody here wants it to be at another place, and waits for what comes of it. @internal */
export class Push implements Wanted {
  readonly #heard;
  #isGivenUp = false;

  constructor(
    host: Host,
    readonly to: string,
    readonly clone: boolean,
    readonly connect: (host: Host) => Promise<Connection>,
  ) {
    this.#heard = host.queue<Heard>();
  }

  readonly isGivenUp = (): boolean => this.#isGivenUp;

  readonly hear = async (what: Heard): Promise<void> => void this.#heard.offer(what);

  /**
   * Waits for what came of it.
   *
   * @param hasBegun whether the process is on its way: then it is no longer a matter of this time.
   * @throws {@link ResourceError} if it could not be stopped in time.
   */
  async outcome(timeoutMs: number, hasBegun: () => boolean): Promise<Heard> {
    try {
      return await this.#heard.take({ timeoutMs });
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error;
      if (hasBegun()) return this.#heard.take();
      this.#isGivenUp = true;
      throw new ResourceError(`no process here could be stopped within ${timeoutMs} ms`);
    }
  }
}
