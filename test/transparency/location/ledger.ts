import {
  type Fault,
  type Host,
  home,
  isLoss,
  type MovableServiceOptions,
  movableService,
  moveService,
  on,
  procedure,
  remoteInterface,
  type StatefulObject,
  scenario,
  stub,
  tracking,
  xdr,
} from "kernel-lib";

/** Remembers what it was told: so that nothing is lost or done twice unseen. */
export const Ledger = remoteInterface({
  program: 0x20000005,
  version: 1,
  methods: { add: procedure(1, [xdr.string(30)], xdr.int) },
});
export const ledger: StatefulObject<typeof Ledger, string[]> = {
  of: Ledger,
  initial: [],
  methods: { add: (entries, entry) => [[...entries, entry], entries.length + 1] },
};

/** So that a crash can come in the middle of a write. */
const disk = { accessMs: 0.4 };

export const service = "ledger";
export const hosts = ["home", "a", "b", "c", "d"] as const;
export type Machine = (typeof hosts)[number] | "clients";

/** One client: adds entries one after the other, and measures each call. */
export async function adds(host: Host, name: string, count: number, pauseMs = 5) {
  const remote = stub(host, Ledger, tracking(host, { service, home: "home", timeoutMs: 40 }));
  const calls: { entry: string; position: number; ms: number }[] = [];
  for (let i = 1; i <= count; i++) {
    const startMs = host.now();
    const entry = `${name}-${i}`;
    const position = await remote.add(entry);
    calls.push({ entry, position, ms: host.now() - startMs });
    await host.sleep(pauseMs);
  }
  return calls;
}

/** Asks for a move, once: whether it was done is not known if no answer comes. */
export async function moves(host: Host, from: string, to: string) {
  try {
    return await moveService(host, { host: from, port: 80 }, { host: to, port: 80 });
  } catch (error) {
    if (!isLoss(error)) throw error;
    return false;
  }
}

/** Clients that add, and a service that moves from a on, one place after the other. */
export function journey(options: {
  readonly moves: readonly (readonly [atMs: number, from: string, to: string])[];
  readonly place?: Partial<MovableServiceOptions>;
  readonly faults?: readonly Fault<Machine>[];
  readonly clients?: number;
  readonly calls?: number;
  readonly pauseMs?: number;
  readonly limitMs?: number;
}) {
  const { clients = 4, calls = 30, pauseMs, place, faults = [], limitMs = 20_000 } = options;
  const at = (begins: boolean) => ({ service, home: "home", begins, timeoutMs: 20, ...place });
  return scenario({
    hosts: { home: { disk }, a: { disk }, b: { disk }, c: { disk }, d: { disk }, clients: {} } satisfies Record<
      Machine,
      object
    >,
    network: { latencyMs: 1 },
    faults,
    programs: {
      home: on("home", home).daemon(),
      a: on("a", movableService, ledger, at(true)).daemon(),
      b: on("b", movableService, ledger, at(false)).daemon(),
      c: on("c", movableService, ledger, at(false)).daemon(),
      d: on("d", movableService, ledger, at(false)).daemon(),
      clients: Array.from({ length: clients }, (_, i) => on("clients", adds, `client ${i}`, calls, pauseMs).at(20)),
      moved: options.moves.map(([atMs, from, to]) => on("clients", moves, from, to).at(atMs)),
      settled: on("clients", (host: Host) => host.sleep(limitMs === 20_000 ? 0 : limitMs - 1)),
    },
    limitMs,
  });
}
