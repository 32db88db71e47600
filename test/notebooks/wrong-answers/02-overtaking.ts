import type { exercises } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

/** Remembers replies under a name of the call, after the call or before it. */
const remembering =
  (keyOf: (call: exercises.NumberedCall) => string): exercises.MakeFilter =>
  () => {
    const replies = new Map<string, Promise<string>>();
    return (call, execute) => {
      const reply = replies.get(keyOf(call)) ?? execute();
      replies.set(keyOf(call), reply);
      return reply;
    };
  };

const answers: AnswersFrom = () => {
  const tooLate: exercises.MakeFilter = () => {
    const replies = new Map<string, string>();
    return async ({ client, number }, execute) => {
      const known = replies.get(`${client} ${number}`);
      if (known !== undefined) return known;
      const reply = await execute();
      replies.set(`${client} ${number}`, reply);
      return reply;
    };
  };
  const lastOnly: exercises.MakeFilter = () => {
    const last = new Map<string, { number: number; reply: Promise<string> }>();
    return ({ client, number }, execute) => {
      const known = last.get(client);
      if (known?.number === number) return known.reply;
      const reply = execute();
      last.set(client, { number, reply });
      return reply;
    };
  };
  const older: exercises.MakeFilter = () => {
    const [last, replies] = [new Map<string, number>(), new Map<string, Promise<string>>()];
    return async ({ client, number }, execute) => {
      if (number <= (last.get(client) ?? 0)) return (await replies.get(`${client} ${number}`)) ?? "settled";
      last.set(client, number);
      const reply = execute();
      replies.set(`${client} ${number}`, reply);
      return reply;
    };
  };
  const silent: exercises.MakeFilter = () => {
    const seen = new Set<string>();
    return async ({ client, number }, execute) => {
      if (seen.has(`${client} ${number}`)) return "";
      seen.add(`${client} ${number}`);
      return execute();
    };
  };
  /** Keeps the replies of so many calls, and forgets the oldest. */
  const lastFew =
    (most: number): exercises.MakeFilter =>
    () => {
      const replies = new Map<string, Promise<string>>();
      return ({ client, number }, execute) => {
        const key = `${client} ${number}`;
        const reply = replies.get(key) ?? execute();
        replies.set(key, reply);
        const [oldest] = replies.keys();
        if (replies.size > most && oldest !== undefined) replies.delete(oldest);
        return reply;
      };
    };
  const outside = new Map<string, Promise<string>>();
  const onlyWhileRunning: exercises.MakeFilter = () => {
    const replies = new Map<string, Promise<string>>();
    return async ({ client, number }, execute) => {
      const key = `${client} ${number}`;
      const reply = replies.get(key) ?? execute();
      replies.set(key, reply);
      await reply;
      replies.delete(key);
      return reply;
    };
  };
  return {
    mistakes: {
      "memory outside the filter":
        () =>
        ({ client, number }: exercises.NumberedCall, execute: () => Promise<string>) => {
          const reply = outside.get(`${client} ${number}`) ?? execute();
          outside.set(`${client} ${number}`, reply);
          return reply;
        },
      "executes nothing": () => async () => "",
      "one reply for all calls": () => {
        let first: Promise<string> | undefined;
        return (_call: exercises.NumberedCall, execute: () => Promise<string>) => {
          first ??= execute();
          return first;
        };
      },
      "remembers nothing": () => (_call: exercises.NumberedCall, execute: () => Promise<string>) => execute(),
      "a name and a number run together": remembering(({ client, number }) => `${client}${number}`),
      "forgets too soon": lastFew(10),
      "no reply at all": () => {
        const seen = new Set<string>();
        return async ({ client, number }: exercises.NumberedCall, execute: () => Promise<string>) => {
          if (!seen.has(`${client} ${number}`)) {
            seen.add(`${client} ${number}`);
            await execute();
          }
          return undefined as unknown as string;
        };
      },
      "one number for all clients": remembering(({ number }) => String(number)),
      "only the last call": lastOnly,
      "older numbers are copies": older,
      "remembers too late": tooLate,
      "no reply for a copy": silent,
    },
    wrong: {
      "remembers the last two calls": lastFew(2),
      "remembers the last thirty calls": lastFew(30),
      "forgets a call when it has its reply": onlyWhileRunning,
    },
    right: {
      "a map of replies in a map of clients": (): ReturnType<exercises.MakeFilter> => {
        const clients = new Map<string, Map<number, Promise<string>>>();
        return ({ client, number }, execute) => {
          const ofClient = clients.get(client) ?? new Map<number, Promise<string>>();
          clients.set(client, ofClient);
          const reply = ofClient.get(number) ?? execute();
          ofClient.set(number, reply);
          return reply;
        };
      },
      "one call at a time": (): ReturnType<exercises.MakeFilter> => {
        const replies = new Map<string, string>();
        let before: Promise<unknown> = Promise.resolve();
        return ({ client, number }, execute) => {
          const own = before.then(async () => {
            const key = JSON.stringify([client, number]);
            const reply = replies.get(key) ?? (await execute());
            replies.set(key, reply);
            return reply;
          });
          before = own;
          return own;
        };
      },
    },
  };
};
export default answers;
