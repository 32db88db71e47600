import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  type CheckResult,
  type ChoiceExercise,
  type Connection,
  check,
  type Host,
  type NumberExercise,
  type ProgramExercise,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../scripts/setup/paths.mjs";

type Bounded = (host: Host, threads: number, places: number) => Promise<void>;
type Priority = (host: Host, threads: number) => Promise<void>;
interface Request {
  readonly urgent?: boolean;
  readonly computeMs: number;
  readonly waitMs: number;
}

/** What the notebook's cells define. */
interface Cells {
  readonly diagram: ChoiceExercise;
  readonly disk: NumberExercise;
  readonly constantService: NumberExercise;
  readonly crossing: ChoiceExercise;
  readonly boundedQueue: ProgramExercise<Bounded>;
  readonly priorities: ProgramExercise<Priority>;
  readonly myBoundedServer: Bounded;
  readonly boundedSolution: Bounded;
  readonly myPriorityServer: Priority;
  readonly prioritySolution: Priority;
  serve(host: Host, connection: Connection): Promise<void>;
  handle(host: Host, request: Request): Promise<string>;
}

const needed = ["imports", "request", "serve", "two-requests", "two-requests-scenario"];
const exported =
  "diagram, disk, constantService, crossing, boundedQueue, priorities, myBoundedServer, boundedSolution, " +
  "myPriorityServer, prioritySolution, serve, handle";

/** The cells of the notebook that its exercises need, and the exercises with their solutions, as one module. */
function moduleText(): string {
  const text = readFileSync(inRoot("notebooks", "text", "03-server-organization.ts"), "utf8");
  const cells = text.split(/^\/\/ %% ?/m).slice(1);
  const wanted = cells.filter((cell) => {
    const head = cell.slice(0, cell.indexOf("\n"));
    const name = / ?name="([^"]*)"/.exec(head)?.[1] ?? "";
    return !head.includes("[markdown]") && (needed.includes(name) || /"(exercise|solution)"/.test(head));
  });
  return `${wanted.map((cell) => cell.slice(cell.indexOf("\n"))).join("\n")}\nexport { ${exported} };\n`;
}

const test = suite("the exercises of notebook 03");
let folder = "";
let cells: Cells;

test.before(async () => {
  mkdirSync(inRoot("build", "tmp"), { recursive: true });
  folder = mkdtempSync(inRoot("build", "tmp", "exercises-"));
  const file = path.join(folder, "exercises.ts");
  writeFileSync(file, moduleText());
  cells = (await import(pathToFileURL(file).href)) as Cells;
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

const mistakeOf = ({ record }: CheckResult) => record.mistake ?? `none (${record.state})`;

for (const name of ["diagram", "disk", "constantService", "crossing"] as const)
  test(`${name}: no answer counts as none`, async () => {
    const result = await check(cells[name] as NumberExercise, undefined);
    assert.is(result.record.state, "not attempted");
  });

const choices = { diagram: "pool", crossing: "thread" } as const;
for (const [name, right] of Object.entries(choices) as ["diagram" | "crossing", string][])
  test(`${name}: the right choice passes, and every other gets a hint of a known mistake`, async () => {
    assert.ok((await check(cells[name], right)).passed);
    for (const choice of Object.keys(cells[name].choices).filter((each) => each !== right)) {
      const result = await check(cells[name], choice);
      assert.not(result.passed, choice);
      assert.ok(result.hint.length > 20, `${choice} gets no hint`);
    }
  });

const numbers: Readonly<Record<"disk" | "constantService", { right: number; wrong: Record<string, number> }>> = {
  disk: {
    right: 55.56,
    wrong: {
      "CPU only": 83.3,
      "one thread": 33.3,
      "every request": 11.1,
      "every request, one thread": 9.8,
      "only those of the disk": 6.67,
    },
  },
  constantService: {
    right: 17.5,
    wrong: { exponential: 25, "wait only": 7.5, "halved all": 12.5, "service only": 10 },
  },
};
for (const [name, { right, wrong }] of Object.entries(numbers) as ["disk" | "constantService", typeof numbers.disk][])
  test(`${name}: the number calculated by hand passes, and each known mistake gets its own hint`, async () => {
    assert.ok((await check(cells[name], right)).passed);
    for (const [mistake, answer] of Object.entries(wrong))
      assert.is(mistakeOf(await check(cells[name], answer)), mistake);
    assert.not((await check(cells[name], right * 1.5)).passed);
  });

test("every known mistake of every exercise is tried here", () => {
  const tried = {
    disk: Object.keys(numbers.disk.wrong),
    constantService: Object.keys(numbers.constantService.wrong),
    boundedQueue: Object.keys(wrongBounded),
    priorities: Object.keys(wrongPriority),
  };
  for (const [name, names] of Object.entries(tried) as [keyof typeof tried, string[]][])
    assert.equal(cells[name].mistakes?.map((mistake) => mistake.name).sort(), [...names].sort(), name);
});

test("bounded queue: the stub fails", async () => {
  const result = await check(cells.boundedQueue, cells.myBoundedServer);
  assert.is(result.record.state, "failed");
  assert.match(result.message, "nobody listens on port 80");
});

test("bounded queue: the solution passes", async () => {
  const result = await check(cells.boundedQueue, cells.boundedSolution);
  assert.ok(result.passed, result.message);
});

interface Parts {
  /** How large the queue is. */
  readonly capacity?: (threads: number, places: number) => number;
  /** What becomes of a connection. */
  dispatch(
    host: Host,
    connection: Connection,
    queue: ReturnType<Host["queue"]>,
    threads: number,
  ): Promise<unknown> | unknown;
}
const boundedOf =
  ({ capacity = (_threads, places) => places, dispatch }: Parts): Bounded =>
  async (host, threads, places) => {
    const queue = host.queue<Connection>(capacity(threads, places));
    const worker = async (own: Host) => {
      for (;;) await cells.serve(own, await queue.take());
    };
    for (let i = 0; i < threads; i++) host.spawn(worker, { as: "thread" });
    for await (const connection of await host.listen(80)) await dispatch(host, connection, queue as never, threads);
  };
const busy = async (connection: Connection) => {
  await connection.send("busy");
  connection.end();
};

const wrongBounded: Readonly<Record<string, Bounded>> = {
  "waits for a place": boundedOf({ dispatch: (_host, connection, queue) => queue.put(connection) }),
  "a thread for each": boundedOf({
    dispatch: (host, connection) => void host.spawn(cells.serve, { as: "thread" }, connection),
  }),
  "never busy": boundedOf({
    capacity: () => 1000,
    dispatch: (_host, connection, queue) => queue.offer(connection) || busy(connection),
  }),
  "no answer": boundedOf({ dispatch: (_host, connection, queue) => queue.offer(connection) || connection.end() }),
  "keeps them hanging": boundedOf({ dispatch: (_host, connection, queue) => void queue.offer(connection) }),
  "counts those who are served": (host, threads, places) => {
    let inside = 0;
    return boundedOf({
      capacity: () => 1000,
      dispatch: async (own, connection, queue) => {
        if (inside >= places) return busy(connection);
        inside++;
        connection.signal.addEventListener("abort", () => inside--);
        const leave = async (each: Host) => {
          await each.sleep(60 * Math.ceil(inside / threads));
          inside--;
        };
        own.spawn(leave, { as: "thread" });
        queue.offer(connection);
      },
    })(host, threads, places);
  },
};
for (const [name, program] of Object.entries(wrongBounded))
  test(`bounded queue: a program that makes the mistake "${name}" gets its hint`, async () => {
    const result = await check(cells.boundedQueue, program);
    assert.is(result.record.state, "failed");
    assert.is(mistakeOf(result), name, result.message);
  });

test("bounded queue: one place too many, or one too few, fails", async () => {
  for (const more of [1, -1]) {
    const capacity = (_threads: number, places: number) => Math.max(1, places + more);
    const program = boundedOf({
      capacity,
      dispatch: (_host, connection, queue) => queue.offer(connection) || busy(connection),
    });
    assert.not((await check(cells.boundedQueue, program)).passed, `${more}`);
  }
});

test("priorities: the stub fails", async () => {
  const result = await check(cells.priorities, cells.myPriorityServer);
  assert.is(result.record.state, "failed");
  assert.match(result.message, "nobody listens on port 80");
});

test("priorities: the solution passes", async () => {
  const result = await check(cells.priorities, cells.prioritySolution);
  assert.ok(result.passed, result.message);
});

interface Job {
  readonly connection: Connection;
  readonly request: Request;
}
interface Line {
  add(job: Job): void;
  next(): Job;
}
const priorityOf =
  (line: () => Line, options: { threads?: (n: number) => number; inDispatcher?: boolean } = {}): Priority =>
  async (host, threads) => {
    const waiting = line();
    const tokens = host.queue<true>();
    const read = async (_own: Host, connection: Connection) => {
      waiting.add({ connection, request: (await connection.receive()) as Request });
      await tokens.put(true);
    };
    const worker = async (own: Host) => {
      for (;;) {
        await tokens.take();
        const { connection, request } = waiting.next();
        await connection.send(await cells.handle(own, request));
        connection.end();
      }
    };
    for (let i = 0; i < (options.threads?.(threads) ?? threads); i++) host.spawn(worker, { as: "thread" });
    for await (const connection of await host.listen(80)) {
      if (options.inDispatcher) await read(host, connection);
      else host.spawn(read, { as: "thread" }, connection);
    }
  };
const twoLines =
  (first: "urgent" | "other", take: "shift" | "pop" = "shift") =>
  (): Line => {
    const lines = { urgent: [] as Job[], other: [] as Job[] };
    const last = first === "urgent" ? "other" : "urgent";
    return {
      add: (job) => void lines[job.request.urgent ? "urgent" : "other"].push(job),
      next: () => (lines[first][take]() ?? lines[last][take]()) as Job,
    };
  };
const oneLine = (): Line => {
  const line: Job[] = [];
  return { add: (job) => void line.push(job), next: () => line.shift() as Job };
};

const wrongPriority: Readonly<Record<string, Priority>> = {
  "waits in the dispatcher": priorityOf(twoLines("urgent"), { inDispatcher: true }),
  "ignores urgency": priorityOf(oneLine),
  "upside down": priorityOf(twoLines("other")),
  "last in, first out": priorityOf(twoLines("urgent", "pop")),
  "one at a time": priorityOf(twoLines("urgent"), { threads: () => 1 }),
  "a thread for each": async (host) => {
    const serve = async (own: Host, connection: Connection) => {
      await connection.send(await cells.handle(own, (await connection.receive()) as Request));
      connection.end();
    };
    for await (const connection of await host.listen(80)) host.spawn(serve, { as: "thread" }, connection);
  },
};
for (const [name, program] of Object.entries(wrongPriority))
  test(`priorities: a program that makes the mistake "${name}" gets its hint`, async () => {
    const result = await check(cells.priorities, program);
    assert.is(result.record.state, "failed");
    assert.is(mistakeOf(result), name, result.message);
  });

test.run();
