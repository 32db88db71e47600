import fc from "fast-check";
import {
  blockOf,
  type Fault,
  FileError,
  type FileServiceOptions,
  fileClient,
  fileServer,
  type Host,
  on,
  type Program,
  scenario,
} from "kernel-lib";

/** What a random user does next. */
export interface Step {
  readonly op: "read" | "write" | "reopen";
  readonly file: string;
  readonly block: number;
  readonly thenMs: number;
}

/** A random story: what three users do, and what crashes when. */
export interface Story {
  readonly users: readonly (readonly Step[])[];
  /** When the server's machine crashes, and how long it is down. */
  readonly serverCrashes: readonly { readonly afterMs: number; readonly downMs: number }[];
  /** When the first user's machine crashes; a second process on it begins when it is up again. */
  readonly clientCrashMs: number | undefined;
  readonly seed: number;
}

const step = fc.record({
  op: fc.constantFrom("read" as const, "read" as const, "write" as const, "reopen" as const),
  file: fc.constantFrom("x", "y"),
  block: fc.nat(1),
  thenMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 60, noNaN: true })),
});

export const stories: fc.Arbitrary<Story> = fc.record({
  users: fc.array(fc.array(step, { minLength: 1, maxLength: 25 }), { minLength: 3, maxLength: 3 }),
  serverCrashes: fc.array(
    fc.record({
      afterMs: fc.double({ min: 1, max: 900, noNaN: true }),
      downMs: fc.double({ min: 1, max: 600, noNaN: true }),
    }),
    { maxLength: 2 },
  ),
  clientCrashMs: fc.option(fc.double({ min: 1, max: 1200, noNaN: true }), { nil: undefined }),
  seed: fc.nat(1000),
});

/** Goes through its steps; a file that the server has lost is opened again. */
async function user(host: Host, service: FileServiceOptions, steps: readonly Step[], name: string): Promise<void> {
  const files = await fileClient(host, service);
  const open = new Map<string, number>();
  let writes = 0;
  const handleOf = async (file: string) => {
    const handle = open.get(file) ?? (await files.open(file));
    open.set(file, handle);
    return handle;
  };
  for (const { op, file, block, thenMs } of steps) {
    try {
      const handle = await handleOf(file);
      if (op === "read") await files.read(handle, block);
      else if (op === "write") await files.write(handle, block, blockOf(`${name} ${++writes}`, 64));
      else {
        open.delete(file);
        await files.close(handle);
      }
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      open.clear();
    }
    await host.sleep(thenMs);
  }
  for (const handle of open.values()) await files.close(handle).catch(ignoreLostState);
  await files.leave();
}

function ignoreLostState(error: unknown): void {
  if (!(error instanceof FileError)) throw error;
}

/** Reads every block when all is quiet. */
async function audit(host: Host, service: FileServiceOptions): Promise<void> {
  const files = await fileClient(host, service);
  for (const file of ["x", "y"]) {
    const handle = await files.open(file);
    for (const block of [0, 1]) await files.read(handle, block);
    await files.close(handle);
  }
  await files.leave();
}

const quietMs = 60_000;

/** The story as a scenario, for one kind of service, or another server in its place. */
export function storyScenario(
  { users, serverCrashes, clientCrashMs }: Story,
  service: FileServiceOptions,
  server: Program<[FileServiceOptions], void> = fileServer,
) {
  const faults: Fault<"server" | "ana" | "bruno" | "carla" | "auditor">[] = [];
  let atMs = 0;
  for (const { afterMs, downMs } of serverCrashes) {
    faults.push({ kind: "crash", host: "server", atMs: atMs + afterMs });
    atMs += afterMs + downMs;
    faults.push({ kind: "restart", host: "server", atMs });
  }
  const [first = [], second = [], third = []] = users;
  const again =
    clientCrashMs === undefined ? [] : [on("ana", user, service, second, "ana again").at(clientCrashMs + 50)];
  if (clientCrashMs !== undefined)
    faults.push(
      { kind: "crash", host: "ana", atMs: clientCrashMs },
      { kind: "restart", host: "ana", atMs: clientCrashMs + 40 },
    );
  return scenario({
    hosts: { server: { disk: { accessMs: 3 } }, ana: {}, bruno: {}, carla: {}, auditor: {} },
    network: { latencyMs: 2 },
    faults,
    programs: {
      server: on("server", server, service).daemon(),
      ana: on("ana", user, service, first, "ana"),
      again,
      bruno: on("bruno", user, service, second, "bruno"),
      carla: on("carla", user, service, third, "carla"),
      audit: on("auditor", audit, service).at(quietMs),
    },
    limitMs: 2 * quietMs,
  });
}
