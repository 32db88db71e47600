import * as library from "kernel-lib";
import { type Host, on, ParameterError, scenario, simulate } from "kernel-lib";
import ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

// A wrong parameter never gives a plausible number: each number (and each choice) that a public function of theory/, server/, cluster/,
// world/ and migration/virtual-machine/ takes is tried with values that it must not take. The table says what each is for; the compiler says that none is missing.

const test = suite("parameters");

type Accepts = (value: unknown) => boolean;
const isNumber = (value: unknown): value is number => typeof value === "number";
const positive: Accepts = (value) => isNumber(value) && value > 0 && value < Infinity;
const nonNegative: Accepts = (value) => value === 0 || positive(value);
const whole =
  (least: number, most = Number.MAX_SAFE_INTEGER): Accepts =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
const share: Accepts = (value) => isNumber(value) && value >= 0 && value <= 1;
const between: Accepts = (value) => isNumber(value) && value > 0 && value < 1;
const text: Accepts = (value) => typeof value === "string" && value !== "";
const flag: Accepts = (value) => typeof value === "boolean";
const callable: Accepts = (value) => typeof value === "function";
const oneOf =
  (...values: unknown[]): Accepts =>
  (value) =>
    values.includes(value);
const optional =
  (accepts: Accepts): Accepts =>
  (value) =>
    value === undefined || accepts(value);
const orInfinity =
  (accepts: Accepts): Accepts =>
  (value) =>
    value === Infinity || accepts(value);

const tried: readonly unknown[] = [
  ...[NaN, Infinity, -Infinity, -1, -0.5, -5e-324, 0, 0.5, 1, 1.5, 2 ** 60],
  ...["", "5", "every now and then", null, undefined, true, {}, [], [1], () => 1],
];

// biome-ignore lint/suspicious/noExplicitAny: wrong values are what this test is about
type Input = any;

interface Case {
  /** What is called with right values, as an object from field to value; `a[0].b` names a field of a field. */
  readonly right: Readonly<Record<string, unknown>>;
  readonly call: (input: Input) => unknown;
  readonly fields: Readonly<Record<string, Accepts>>;
}

const lib = library as unknown as Record<string, (...args: unknown[]) => unknown>;
const plain = (name: string, right: object, fields: Case["fields"]): [string, Case] => [
  name,
  { right: right as Case["right"], fields, call: (input) => lib[name]?.(input) },
];
/** A function of a host: called by a program, of a run that ends soon. */
const inProgram = (
  name: string,
  right: object,
  fields: Case["fields"],
  call: (host: Host, input: Input) => unknown,
): [string, Case] => [
  name,
  {
    right: right as Case["right"],
    fields,
    call: async (input) => {
      const program = async (host: Host): Promise<void> => void (await call(host, input));
      const hosts = { server: {} };
      const run = await simulate(scenario({ hosts, limitMs: 20, programs: { program: on("server", program) } }));
      const { program: outcome } = run.outcomes;
      if (outcome.how === "threw") throw outcome.error;
    },
  },
];

const queue = { arrivalsPerS: 10, serviceMs: 10 };
const queueFields = { arrivalsPerS: nonNegative, serviceMs: positive };
const sizes = { requestBytes: 1, replyBytes: 1, codeBytes: 1, resultBytes: 1 };
const sizeFields = {
  requestBytes: nonNegative,
  replyBytes: nonNegative,
  codeBytes: nonNegative,
  resultBytes: nonNegative,
};
const draws = { arrivalsPerS: 10, requests: 20, seed: 1, service: () => () => 1 };
const drawFields = { arrivalsPerS: positive, requests: whole(1), seed: whole(0), service: callable };
const stations = [
  { name: "cpu", demandMs: 1 },
  { name: "disk", demandMs: 2 },
];
const station = {
  "stations[0].name": (value: unknown) => typeof value === "string",
  "stations[0].demandMs": nonNegative,
  "stations[0].kind": optional(oneOf("queue", "delay")),
};
const files = { kind: "stateless" };
const ms = optional(positive);
const fileFields = {
  kind: oneOf("stateless", "soft state", "leases", "stateful"),
  blockBytes: optional(whole(1, 1_048_576)),
  to: optional(text),
  port: optional(whole(1, 65535)),
  timeoutMs: ms,
  cacheMs: optional(nonNegative),
  readAhead: optional(whole(0, 1024)),
  memoryMs: ms,
  termMs: ms,
  allowanceMs: optional(nonNegative),
  copies: optional(flag),
  writeBackMs: optional(nonNegative),
  recovery: optional(oneOf("none", "reclaim")),
  graceMs: ms,
  silenceMs: optional(orInfinity(positive)),
};
const memory = {
  memoryPages: 8,
  zeroPages: 1,
  seed: 1,
  writers: [{ pagesPerS: 10, pages: 4, firstPage: 2, startPage: 1, order: "random", onMs: 10, offMs: 10 }],
};
const mostPages = 2 ** 26;
const memoryFields = {
  memoryPages: whole(1, mostPages),
  zeroPages: optional(whole(0, mostPages)),
  seed: optional(whole(0)),
  "writers[0].pagesPerS": nonNegative,
  "writers[0].pages": whole(1, 6),
  "writers[0].firstPage": optional(whole(0, 7)),
  "writers[0].startPage": optional((value) => nonNegative(value) && (value as number) < 4),
  "writers[0].order": optional(oneOf("sequential", "random")),
  "writers[0].onMs": positive,
  "writers[0].offMs": optional(nonNegative),
};
const link = {
  linkBytesPerS: 1e6,
  pageBytes: 4096,
  pageHeaderBytes: 8,
  zeroPageBytes: 9,
  setupMs: 1,
  resumeMs: 1,
  roundTripMs: 1,
  giveUpMs: 500,
};
const linkFields = {
  linkBytesPerS: positive,
  pageBytes: optional(whole(1)),
  pageHeaderBytes: optional(whole(0)),
  zeroPageBytes: optional(whole(0)),
  setupMs: optional(nonNegative),
  resumeMs: optional(nonNegative),
  roundTripMs: optional(nonNegative),
  giveUpMs: optional(orInfinity(positive)),
};
const policyFields = {
  "policy.scan": optional(oneOf("ascending", "permuted")),
  "policy.batchPages": optional(whole(1)),
  "policy.windowMs": optional(nonNegative),
  "policy.skipRewritten": optional(flag),
};
/** The fields of several parameters of one function lie side by side here. */
const withPolicy = (name: string): [string, Case] => [
  name,
  {
    right: { ...memory, ...link, policy: library.fixedRounds(2) },
    fields: { ...memoryFields, ...linkFields, ...policyFields },
    call: ({ policy, ...rest }: Input) => lib[name]?.(rest, rest, policy),
  },
];
const server = { handle: async () => 1 };
const serverFields = { port: optional(whole(0, 65535)), backlog: optional(whole(1)), handle: callable };

const ring = { virtualNodes: optional(whole(1, 100_000)) };
const lardFields = {
  low: optional(positive),
  high: optional((value) => positive(value) && (value as number) > 0.1),
} satisfies Case["fields"];

const cases = new Map<string, Case>([
  // theory
  plain("mm1", queue, queueFields),
  plain("md1", queue, queueFields),
  plain("mg1ps", queue, queueFields),
  plain("mg1", { ...queue, scv: 1 }, { ...queueFields, scv: nonNegative }),
  plain("mm1ResponseQuantile", { ...queue, quantile: 0.9 }, { ...queueFields, quantile: between }),
  plain("mmc", { ...queue, servers: 2 }, { ...queueFields, servers: whole(1) }),
  plain("mmck", { ...queue, servers: 2, capacity: 4 }, { ...queueFields, servers: whole(1, 4), capacity: whole(2) }),
  [
    "erlangB",
    {
      right: { servers: 2, offeredLoad: 1 },
      fields: { servers: whole(0), offeredLoad: nonNegative },
      call: ({ servers, offeredLoad }: Input) => library.erlangB(servers, offeredLoad),
    },
  ],
  [
    "erlangC",
    {
      right: { servers: 2, offeredLoad: 1 },
      fields: { servers: whole(1), offeredLoad: nonNegative },
      call: ({ servers, offeredLoad }: Input) => library.erlangC(servers, offeredLoad),
    },
  ],
  ["harmonic", { right: { n: 2 }, fields: { n: whole(0) }, call: ({ n }: Input) => library.harmonic(n) }],
  [
    "hedgedLoad",
    {
      right: { quantile: 0.9 },
      fields: { quantile: share },
      call: ({ quantile }: Input) => library.hedgedLoad(quantile),
    },
  ],
  plain("firstOf", { n: 3, meanMs: 10 }, { n: whole(1), meanMs: positive }),
  plain("allOf", { n: 3, meanMs: 10 }, { n: whole(1), meanMs: positive }),
  plain("mOfN", { m: 1, n: 3, meanMs: 10 }, { m: whole(1, 3), n: whole(1), meanMs: positive }),
  plain("orderStatisticProbability", { m: 1, n: 3, share: 0.5 }, { m: whole(1, 3), n: whole(1), share }),
  plain("shareWithSlow", { n: 3, slow: 0.1 }, { n: whole(1), slow: share }),
  plain(
    "leaseTraffic",
    { readsPerS: 1, termMs: 10, changesPerS: 1 },
    { readsPerS: positive, termMs: nonNegative, changesPerS: optional(nonNegative) },
  ),
  plain("supermarket", { ...queue, choices: 2 }, { ...queueFields, choices: whole(1) }),
  plain(
    "loadSharing",
    { ...queue, initiator: "sender", threshold: 1, probes: 3 },
    {
      ...queueFields,
      initiator: oneOf("sender", "receiver"),
      threshold: optional(whole(1)),
      probes: optional(whole(1)),
    },
  ),
  plain(
    "paradigmTraffic",
    { ...sizes, nodes: 3, queriesPerNode: 10, stateBytes: 1, carriedBytes: 1 },
    {
      ...sizeFields,
      nodes: whole(0),
      queriesPerNode: whole(0),
      resultBytes: optional(nonNegative),
      stateBytes: optional(nonNegative),
      carriedBytes: optional(nonNegative),
    },
  ),
  plain("queriesWorthCode", sizes, sizeFields),
  plain(
    "meanValueAnalysis",
    { stations, customers: 3, thinkMs: 1 },
    { customers: whole(1), thinkMs: optional(nonNegative), ...station },
  ),
  plain(
    "closedNetwork",
    { stations, customers: 3, thinkMs: 1 },
    {
      customers: whole(1),
      thinkMs: optional(nonNegative),
      ...station,
      "stations[0].servers": optional(whole(1)),
      "stations[0].speed": optional(callable),
    },
  ),
  plain(
    "preCopySeries",
    { memoryBytes: 1e6, dirtyBytesPerS: 1, linkBytesPerS: 10, thresholdBytes: 1000, resumeMs: 1 },
    {
      memoryBytes: positive,
      dirtyBytesPerS: nonNegative,
      linkBytesPerS: positive,
      thresholdBytes: positive,
      resumeMs: optional(nonNegative),
    },
  ),
  plain(
    "distinctPages",
    { pagesPerS: 10, pages: 10, durationMs: 10 },
    { pagesPerS: nonNegative, pages: whole(1), durationMs: nonNegative },
  ),
  plain(
    "preCopyBounds",
    { memoryBytes: 1e6, linkBytesPerS: 10, pageBytes: 100 },
    { memoryBytes: positive, linkBytesPerS: positive, pageBytes: optional(whole(1, 1e6)) },
  ),
  plain("backlogMs", { load: 0.5, stopMs: 10 }, { load: nonNegative, stopMs: nonNegative }),
  plain(
    "waitAfterStop",
    { load: 0.5, stopMs: 10, sinceResumeMs: 1 },
    {
      load: nonNegative,
      stopMs: nonNegative,
      sinceResumeMs: (value) => isNumber(value) && value >= -10 && value < Infinity,
    },
  ),
  // migration/virtual-machine
  withPolicy("preCopy"),
  withPolicy("willConverge"),
  [
    "stopAndCopy",
    {
      right: { ...memory, ...link },
      fields: { ...memoryFields, ...linkFields },
      call: (both: Input) => library.stopAndCopy(both, both),
    },
  ],
  [
    "postCopy",
    {
      right: {
        ...{ ...memory, ...link, push: "ascending", pushBytesPerS: 1e5 },
        before: { rounds: 1, policy: library.fixedRounds(1) },
      },
      fields: {
        ...{ ...memoryFields, ...linkFields, pushBytesPerS: optional(positive) },
        push: optional(oneOf("none", "ascending", "after the fault", "around the fault")),
        "before.rounds": whole(0),
        ...Object.fromEntries(Object.entries(policyFields).map(([field, accepts]) => [`before.${field}`, accepts])),
      },
      call: (both: Input) => library.postCopy(both, both),
    },
  ],
  ["fixedRounds", { right: { n: 2 }, fields: { n: whole(1) }, call: ({ n }: Input) => library.fixedRounds(n) }],
  plain(
    "qemuPolicy",
    { maxBytesPerS: 1e6, downtimeLimitMs: 100, windowMs: 10 },
    { maxBytesPerS: positive, downtimeLimitMs: optional(nonNegative), windowMs: optional(nonNegative) },
  ),
  [
    "autoConverge",
    {
      right: { policy: library.fixedRounds(1), trigger: 0.5, initial: 0.2, increment: 0.1, max: 0.9 },
      fields: {
        ...policyFields,
        trigger: optional(share),
        initial: optional(share),
        increment: optional(share),
        max: optional(share),
      },
      call: ({ policy, ...options }: Input) => library.autoConverge(policy, options),
    },
  ],
  // cluster
  [
    "choices",
    {
      right: { d: 2 },
      fields: { d: whole(1) },
      call: ({ d }: Input) => library.choices(d, () => 0),
    },
  ],
  plain("consistentHash", { virtualNodes: 10 }, ring),
  plain(
    "boundedLoad",
    { virtualNodes: 10, factor: 1.5 },
    { ...ring, factor: optional((value) => positive(value) && (value as number) > 1) },
  ),
  plain("maglev", { size: 7 }, { size: optional(oneOf(5, 7)) }),
  [
    "maglevTable",
    {
      right: { size: 7, "preferences[0].offset": 3, "preferences[0].skip": 4, preferences: [{ offset: 3, skip: 4 }] },
      fields: { size: oneOf(5, 7), "preferences[0].offset": whole(0, 6), "preferences[0].skip": whole(1, 6) },
      call: ({ size, preferences }: Input) => library.maglevTable(size, preferences),
    },
  ],
  plain("lard", { low: 0.1, high: 2 ** 61 }, lardFields),
  [
    "lardReplicated",
    {
      right: { low: 0.1, high: 2 ** 61, keepMs: 10 },
      fields: { ...lardFields, keepMs: optional(positive) },
      call: (options: Input) => library.lardReplicated(() => 0, options),
    },
  ],
  plain(
    "dispatchModel",
    { ...draws, policy: () => library.roundRobin(), servers: 2, refreshMs: 5 },
    { ...drawFields, requests: whole(10), servers: whole(1, 1000), refreshMs: optional(positive) },
  ),
  plain(
    "lardModel",
    {
      ...{ servers: 2, filesBytes: 10, meanFileBytes: 2, popularity: 1, cacheBytes: 10, underWay: 3, warmUp: 2 },
      ...{
        requests: 20,
        seed: 1,
        costs: { ...library.costs1998, parallelReads: 1 },
        policy: () => library.roundRobin(),
      },
    },
    {
      servers: whole(1, 1000),
      filesBytes: (value) => positive(value) && (value as number) < 1e6,
      meanFileBytes: optional((value) => positive(value) && (value as number) > 1e-6),
      popularity: optional(nonNegative),
      cacheBytes: positive,
      underWay: optional(whole(1, 1000)),
      warmUp: optional(whole(0, 1000)),
      requests: whole(10, 1000),
      seed: whole(0),
      "costs.connectionMs": nonNegative,
      "costs.sendMsPer512Bytes": positive,
      "costs.seekMs": nonNegative,
      "costs.readMsPer4KiB": nonNegative,
      "costs.extentBytes": optional(positive),
      "costs.extentSeekMs": optional(nonNegative),
      "costs.parallelReads": optional(whole(1, 1024)),
    },
  ),
  plain(
    "retryStormModel",
    {
      ...{ arrivalsPerS: 10, serviceMs: 10, timeoutMs: 20, retries: 1, untilMs: 2000, seed: 1 },
      ...{ retryBudget: 0.1, queueLimit: 5, spike: { atMs: 10, durationMs: 10, factor: 2 } },
    },
    {
      arrivalsPerS: (value) => positive(value) && (value as number) < 1e6,
      serviceMs: positive,
      timeoutMs: positive,
      retries: whole(0),
      untilMs: (value) => positive(value) && (value as number) < 1e9,
      seed: whole(0),
      retryBudget: optional(nonNegative),
      queueLimit: optional(whole(1)),
      "spike.atMs": nonNegative,
      "spike.durationMs": nonNegative,
      "spike.factor": (value) => positive(value) && (value as number) < 1e6,
    },
  ),
  plain(
    "fanOutModel",
    { fanOut: 2, slowMs: 1, hedgeAfterMs: 1, requests: 20, seed: 1, service: () => () => 1 },
    {
      fanOut: whole(1, 1000),
      slowMs: nonNegative,
      hedgeAfterMs: optional(nonNegative),
      requests: whole(10, 1000),
      seed: whole(0),
      service: callable,
    },
  ),
  // server
  plain("workload", draws, drawFields),
  plain(
    "queueModel",
    { ...draws, servers: 1, discipline: "queue" },
    {
      ...drawFields,
      requests: whole(10),
      servers: optional(whole(1)),
      discipline: optional(oneOf("queue", "sharing")),
    },
  ),
  plain(
    "fileServerModel",
    { threads: 2, cpuMs: 1, diskMs: 2, diskShare: 0.5, disks: "one", access: "constant", requests: 20, seed: 1 },
    {
      threads: whole(1),
      cpuMs: positive,
      diskMs: positive,
      diskShare: share,
      disks: oneOf("one", "unlimited"),
      access: oneOf("constant", "exponential"),
      requests: whole(10),
      seed: whole(0),
    },
  ),
  plain(
    "fileWorkload",
    {
      users: 2,
      sessionsEach: 2,
      files: 3,
      popularity: 1,
      writeShare: 0.1,
      sharedShare: 0.5,
      largestBlocks: 5,
      thinkMs: 10,
      seed: 1,
    },
    {
      users: whole(1),
      sessionsEach: whole(1),
      files: whole(1),
      popularity: nonNegative,
      writeShare: share,
      sharedShare: optional(share),
      largestBlocks: whole(1),
      thinkMs: positive,
      seed: whole(0),
    },
  ),
  [
    "jainIndex",
    {
      right: { shares: [1, 2] },
      fields: { "shares[0]": nonNegative },
      call: ({ shares }: Input) => library.jainIndex(shares),
    },
  ],
  [
    "checkFiles",
    {
      right: { boundMs: 1 },
      fields: { boundMs: optional(nonNegative) },
      call: (options: Input) => library.checkFiles([], options),
    },
  ],
  [
    "blockOf",
    {
      right: { bytes: 10 },
      fields: { bytes: optional(whole(0, 1_048_576)) },
      call: ({ bytes }: Input) => library.blockOf("a", bytes),
    },
  ],
  [
    "readInetdConf",
    {
      right: { user: "root", ports: { mine: 7 } },
      fields: { user: text, "ports.mine": whole(1, 65535) },
      call: (options: Input) => library.readInetdConf("", options),
    },
  ],
  inProgram("iterativeServer", server, serverFields, (host, { handle, ...options }: Input) =>
    library.iterativeServer(host, handle, options),
  ),
  inProgram(
    "concurrentServer",
    { ...server, as: "thread" },
    { ...serverFields, as: oneOf("thread", "process") },
    (host, { handle, as, ...options }: Input) => library.concurrentServer(host, handle, as, options),
  ),
  inProgram(
    "poolServer",
    { ...server, threads: 1 },
    { ...serverFields, threads: whole(1), capacity: optional(whole(1)), whenFull: optional(oneOf("wait", "busy")) },
    (host, { handle, ...options }: Input) => library.poolServer(host, handle, options),
  ),
  inProgram("endpointDaemon", { leaseMs: 5 }, { leaseMs: optional(orInfinity(positive)) }, (host, options: Input) =>
    library.endpointDaemon(host, options),
  ),
  inProgram(
    "registerEndpoint",
    { service: "a", port: 5 },
    { service: text, port: whole(1, 65535) },
    withDaemon((host, { service, port }) => library.registerEndpoint(host, service, port)),
  ),
  inProgram(
    "unregisterEndpoint",
    { service: "a" },
    { service: text },
    withDaemon((host, { service }) => library.unregisterEndpoint(host, service)),
  ),
  inProgram(
    "lookUpEndpoint",
    { service: "a" },
    { service: text },
    withDaemon((host, { service }) => library.lookUpEndpoint(host, "server", service)),
  ),
  inProgram(
    "keepRegistered",
    { service: "a", port: 5, everyMs: 5 },
    { service: text, port: whole(1, 65535), everyMs: positive },
    withDaemon((host, { service, port, everyMs }) => library.keepRegistered(host, service, port, everyMs)),
  ),
  inProgram(
    "openLoop",
    { plan: [{ arrivalMs: 1 }], timeoutMs: 3 },
    {
      "plan[0].arrivalMs": nonNegative,
      to: optional(text),
      port: optional(whole(1, 65535)),
      timeoutMs: ms,
    },
    (host, { plan, ...options }: Input) => library.openLoop(host, plan, options),
  ),
  inProgram("fileServer", files, fileFields, (host, options: Input) => library.fileServer(host, options)),
  inProgram("fileClient", files, fileFields, (host, options: Input) => library.fileClient(host, options)),
  inProgram(
    "fileSessions",
    { ...files, sessions: [{ file: "a", blocks: 1, op: "read", thinkMs: 1 }] },
    {
      ...fileFields,
      "sessions[0].file": text,
      "sessions[0].blocks": whole(0),
      "sessions[0].op": oneOf("read", "write"),
      "sessions[0].thinkMs": nonNegative,
    },
    (host, { sessions, ...service }: Input) => library.fileSessions(host, service, sessions),
  ),
]);

function withDaemon(call: (host: Host, input: Input) => unknown) {
  return async (host: Host, input: Input): Promise<void> => {
    host.spawn(library.endpointDaemon, { as: "process" });
    await host.sleep(1);
    await call(host, input);
  };
}

const pathOf = (field: string): string[] => field.split(/[.[\]]+/).filter((part) => part !== "");

/** A copy in which one field is another. */
function changed(input: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const copy: Record<string, unknown> = Array.isArray(input) ? ([...input] as Input) : { ...(input as object) };
  copy[first] = changed(copy[first], rest, value);
  return copy;
}

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}

const ourErrors = new Set<unknown>(Object.values(library));

for (const [name, { right, fields, call }] of cases) {
  test(`${name} takes right values, and names the field of each wrong one`, async () => {
    assert.is(await thrownBy(() => call(right as Input)), undefined);
    for (const [field, accepts] of Object.entries(fields)) {
      for (const value of tried) {
        const error = await thrownBy(() => call(changed(right, pathOf(field), value) as Input));
        const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        const what = `${name} with ${field} = ${typeof value === "string" ? JSON.stringify(value) : String(value)}: ${said}`;
        if (accepts(value)) {
          // Of fields that must fit each other, or of a peer that is not there, it may say so; but in its own words.
          assert.ok(error === undefined || ourErrors.has((error as Error).constructor), what);
        } else {
          assert.instance(error, ParameterError, what);
          assert.ok(said.startsWith(`ParameterError: ${name}: ${field} must be `), what);
        }
      }
    }
  });
}
// ---- none is missing

/** They take what another function has made, or what a program's peer sends. */
const notInputs = new Set([
  "summarize",
  "pairLoads",
  "crashPoints",
  "fileHistory",
  "serveOne",
  "textOf",
  "portsByName",
  "isUp",
]);
/** Checked field by field in test/world/input.test.ts. */
const checkedThere = new Set(["scenario", "on", "simulate"]);

/** By public function: the fields of its parameters that are numbers, or choices between words. */
function fieldsByFunction(): Map<string, string[]> {
  const rooms = ["theory", "server", "cluster", "world", "migration/virtual-machine"].map((room) =>
    inRoot("kernel-lib", room, "index.ts"),
  );
  const { config } = ts.readConfigFile(inRoot("tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, inRoot());
  const program = ts.createProgram(rooms, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const isScalar = (type: ts.Type): boolean => {
    const parts = type.isUnion() ? type.types : [type];
    const told = parts.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined));
    return told.every(({ flags }) => flags & (ts.TypeFlags.NumberLike | ts.TypeFlags.StringLiteral)) && told.length > 0;
  };
  const fieldsOf = (type: ts.Type, at: ts.Node, path: string): string[] => {
    const bare = checker.getNonNullableType(type);
    if (isScalar(bare)) return [path];
    if (!(bare.flags & ts.TypeFlags.Object || bare.isUnionOrIntersection()) || bare.getCallSignatures().length > 0)
      return [];
    const element = checker.isArrayType(bare) ? checker.getTypeArguments(bare as ts.TypeReference)[0] : undefined;
    if (element) return fieldsOf(element, at, `${path}[0]`);
    const properties = bare.getProperties();
    // What has methods is a thing of ours (a host, a connection, an iterator), not an input.
    if (["now", "send", "accept", "forEach"].some((method) => bare.getProperty(method))) return [];
    return properties.flatMap((property) =>
      fieldsOf(checker.getTypeOfSymbolAtLocation(property, at), at, path ? `${path}.${property.name}` : property.name),
    );
  };
  const found = new Map<string, string[]>();
  for (const room of rooms) {
    const source = program.getSourceFile(room) as ts.SourceFile;
    for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol)) {
      const type = checker.getTypeOfSymbolAtLocation(exported, source);
      for (const signature of type.getCallSignatures()) {
        const fields = signature.getParameters().flatMap((parameter) => {
          const own = checker.getTypeOfSymbolAtLocation(parameter, source);
          const bare = checker.getNonNullableType(own);
          const isObject = !isScalar(bare) && !checker.isArrayType(bare);
          return fieldsOf(own, source, isObject ? "" : parameter.name);
        });
        if (fields.length > 0) found.set(exported.name, [...new Set(fields)]);
      }
    }
  }
  return found;
}

test("every number and every choice that a public function of these rooms takes is in the table", () => {
  const found = fieldsByFunction();
  assert.ok(found.size > 25, `${found.size} functions`);
  const missing: string[] = [];
  for (const [name, fields] of found) {
    if (notInputs.has(name) || checkedThere.has(name)) continue;
    const known = cases.get(name);
    for (const field of fields) {
      const isKnown = Object.keys(known?.fields ?? {}).some(
        (each) => each.replace(/^(options|policy)\./, "") === field,
      );
      if (!isKnown && !field.startsWith("rows[0].")) missing.push(`${name}: ${field}`);
    }
  }
  assert.equal(missing, []);
});

test.run();
