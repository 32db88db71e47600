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
  return {
    mistakes: {
      "one number for all clients": remembering(({ number }) => String(number)),
      "only the last call": lastOnly,
      "older numbers are copies": older,
      "remembers too late": tooLate,
      "no reply for a copy": silent,
    },
    wrong: {
      "no filter": () => (_call: exercises.NumberedCall, execute: () => Promise<string>) => execute(),
      "one call for ever": () => {
        let first: Promise<string> | undefined;
        return (_call: exercises.NumberedCall, execute: () => Promise<string>) => {
          first ??= execute();
          return first;
        };
      },
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
