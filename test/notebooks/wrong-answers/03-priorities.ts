import type { Connection, Host } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Priority = (host: Host, threads: number) => Promise<void>;
interface Request {
  readonly urgent?: boolean;
  readonly computeMs: number;
  readonly waitMs: number;
}
interface Cells {
  handle(host: Host, request: Request): Promise<string>;
}
interface Job {
  readonly connection: Connection;
  readonly request: Request;
}
interface Line {
  add(job: Job): void;
  next(): Job;
}
const answers: AnswersFrom<Cells> = (cells) => {
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
  return {
    mistakes: {
      "sleeps beside the urgent line": async (host: Host, threads: number) => {
        const urgent: Job[] = [];
        const others = host.queue<Job>();
        const read = async (_own: Host, connection: Connection) => {
          const request = (await connection.receive()) as Request;
          if (request.urgent) urgent.push({ connection, request });
          else await others.put({ connection, request });
        };
        const worker = async (own: Host) => {
          for (;;) {
            const { connection, request } = urgent.shift() ?? (await others.take());
            await connection.send(await cells.handle(own, request));
            connection.end();
          }
        };
        for (let i = 0; i < threads; i++) host.spawn(worker, { as: "thread" });
        for await (const connection of await host.listen(80)) host.spawn(read, { as: "thread" }, connection);
      },
      "waits in the dispatcher": priorityOf(twoLines("urgent"), { inDispatcher: true }),
      "ignores urgency": priorityOf(oneLine),
      "upside down": priorityOf(twoLines("other")),
      "last in, first out": priorityOf(twoLines("urgent", "pop")),
      "one at a time": priorityOf(twoLines("urgent"), { threads: () => 1 }),
      "a thread for each": async (host: Host) => {
        const serve = async (own: Host, connection: Connection) => {
          await connection.send(await cells.handle(own, (await connection.receive()) as Request));
          connection.end();
        };
        for await (const connection of await host.listen(80)) host.spawn(serve, { as: "thread" }, connection);
      },
      "pushes aside": async (host: Host) => {
        const serve = async (own: Host, connection: Connection) => {
          const request = (await connection.receive()) as Request;
          await own.compute(request.computeMs, { priority: request.urgent ? 1 : 0 });
          await connection.send("done");
          connection.end();
        };
        for await (const connection of await host.listen(80)) host.spawn(serve, { as: "thread" }, connection);
      },
    },
    wrong: {
      "a thread of its own for each urgent one": async (host: Host, threads: number) => {
        const others = host.queue<Job>();
        const serve = async (own: Host, { connection, request }: Job) => {
          await connection.send(await cells.handle(own, request));
          connection.end();
        };
        const read = async (own: Host, connection: Connection) => {
          const job = { connection, request: (await connection.receive()) as Request };
          await (job.request.urgent ? serve(own, job) : others.put(job));
        };
        const worker = async (own: Host) => {
          for (;;) await serve(own, await others.take());
        };
        for (let i = 0; i < threads; i++) host.spawn(worker, { as: "thread" });
        for await (const connection of await host.listen(80)) host.spawn(read, { as: "thread" }, connection);
      },
      "one worker too many": priorityOf(twoLines("urgent"), { threads: (n) => n + 1 }),
      "after two urgent ones another goes first": priorityOf(() => {
        const lines = { urgent: [] as Job[], other: [] as Job[] };
        let inARow = 0;
        return {
          add: (job) => void lines[job.request.urgent ? "urgent" : "other"].push(job),
          next: () => {
            const isUrgent = lines.urgent.length > 0 && (inARow < 2 || lines.other.length === 0);
            inARow = isUrgent ? inARow + 1 : 0;
            return lines[isUrgent ? "urgent" : "other"].shift() as Job;
          },
        };
      }),
      "another answer": async (host: Host) => {
        for await (const connection of await host.listen(80)) await connection.send("ok");
      },
    },
  };
};
export default answers;
