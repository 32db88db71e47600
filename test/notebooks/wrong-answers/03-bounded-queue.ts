import type { Connection, Host } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Bounded = (host: Host, threads: number, places: number) => Promise<void>;
interface Cells {
  serve(host: Host, connection: Connection): Promise<void>;
}

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
const answers: AnswersFrom<Cells> = (cells) => {
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
  const sized = (more: number) =>
    boundedOf({
      capacity: (_threads, places) => Math.max(1, places + more),
      dispatch: (_host, connection, queue) => queue.offer(connection) || busy(connection),
    });
  return {
    mistakes: {
      "room for those who are served": boundedOf({
        capacity: (threads, places) => threads + places,
        dispatch: (_host, connection, queue) => queue.offer(connection) || busy(connection),
      }),
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
      "counts those who are served": (host: Host, threads: number, places: number) => {
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
    },
    wrong: {
      "one place too many": sized(1),
      "one place too few": sized(-1),
      "a place is lost with each busy": (host: Host, threads: number, places: number) => {
        let inside = 0;
        const counted = boundedOf({
          capacity: () => 1000,
          dispatch: (_host, connection, queue) => {
            inside++;
            return inside > threads + places ? busy(connection) : queue.offer(connection);
          },
        });
        return counted(host, threads, places);
      },
      "after the first busy everybody is told busy": (host: Host, threads: number, places: number) => {
        let isOver = false;
        const once = boundedOf({
          dispatch: (_host, connection, queue) => {
            if (!isOver && queue.offer(connection)) return;
            isOver = true;
            return busy(connection);
          },
        });
        return once(host, threads, places);
      },
      "a number of places of its own": boundedOf({
        capacity: (threads) => 2 * threads - 1,
        dispatch: (_host, connection, queue) => queue.offer(connection) || busy(connection),
      }),
      "busy, and the connection stays open": boundedOf({
        dispatch: (_host, connection, queue) => queue.offer(connection) || connection.send("busy"),
      }),
      "receives before it says busy": boundedOf({
        dispatch: async (_host, connection, queue) => {
          if (queue.offer(connection)) return;
          await connection.receive();
          await busy(connection);
        },
      }),
      "the backlog in the place of a queue": (async (host, threads, places) => {
        const listener = await host.listen(80, { backlog: places });
        const worker = async (own: Host) => {
          for (;;) await cells.serve(own, await listener.accept());
        };
        for (let i = 1; i < threads; i++) host.spawn(worker, { as: "thread" });
        await worker(host);
      }) satisfies Bounded,
    },
  };
};
export default answers;
