import { xdr } from "../../protocol/index.js";
import type { Host } from "../../world/index.js";
import { locked } from "../failures/durable-service.js";
import {
  type Address,
  dispatch,
  type Procedure,
  procedure,
  type RemoteInterface,
  remoteInterface,
  serveCalls,
} from "../stubs/index.js";

/** Where a service is, as its home knows it. */
export interface Location extends Address {
  /** Grows by one each time that the entry changes. */
  readonly epoch: number;
}

/** What {@link Home}'s `move` answers. */
export interface MoveAnswer {
  /** Whether the entry is now as asked. */
  readonly done: boolean;
  /** The entry as it is now; nothing if there is none. */
  readonly now: Location | undefined;
}

const location = xdr.struct({ host: xdr.string(255), port: xdr.uint, epoch: xdr.uint });

/** The methods of {@link Home}. */
export type HomeMethods = {
  /** Where a service is; `undefined` if nobody has told. */
  readonly find: Procedure<[name: string], Location | undefined>;
  /**
   * Compare and set: if the entry's epoch is the one given (0: there is none), it becomes this address with the next epoch. To ask the same
   * again is a success, so that a call whose reply was lost may be repeated.
   */
  readonly move: Procedure<[name: string, epoch: number, host: string, port: number], MoveAnswer>;
};

/** The interface of a home: who knows where services are, for those who look for them. */
export const Home: RemoteInterface<HomeMethods> = remoteInterface({
  program: 0x20000010,
  version: 1,
  methods: {
    find: procedure(1, [xdr.string(255)], xdr.optional(location)),
    move: procedure(
      2,
      [xdr.string(255), xdr.uint, xdr.string(255), xdr.uint],
      xdr.struct({ done: xdr.bool, now: xdr.optional(location) }),
    ),
  },
});

/** The port of {@link home}, unless told. */
export const homePort = 700;

/**
 * The program of a home (a registry, a location server): knows for each service where it is, on its disk, one write an entry. The single place
 * where a move is decided. Never returns.
 */
export async function home(host: Host, { port = homePort }: { readonly port?: number } = {}): Promise<never> {
  const mutex = host.mutex();
  const read = (own: Host, name: string): Promise<Location | undefined> => own.disk.read(`home ${name}`);
  return serveCalls(
    host,
    (own) =>
      dispatch(Home, {
        find: (name) => read(own, name),
        move: (name, epoch, to, port) =>
          locked(mutex, async () => {
            const now = await read(own, name);
            const next = { host: to, port, epoch: epoch + 1 };
            if (now && now.epoch === next.epoch && now.host === to && now.port === port) return { done: true, now };
            if ((now?.epoch ?? 0) !== epoch) return { done: false, now };
            await own.disk.write(`home ${name}`, next);
            own.log("home says", { service: name, host: to, epoch: next.epoch });
            return { done: true, now: next };
          }),
      }),
    { port },
  );
}
