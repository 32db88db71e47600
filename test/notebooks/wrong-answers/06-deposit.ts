import type { Host } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

interface Deposit {
  readonly client: string;
  readonly id: number;
  readonly amount: number;
}
type Bank = (host: Host) => (deposit: Deposit) => Promise<number>;
interface Cells {
  readonly unsafeBank: Bank;
}

const answers: AnswersFrom<Cells> = ({ unsafeBank }) => {
  /** Does a deposit unless `isDone`; `note` remembers it. */
  const remembering =
    (
      isDone: (host: Host, deposit: Deposit) => Promise<boolean>,
      note: (host: Host, deposit: Deposit) => Promise<void>,
    ) =>
    (host: Host) =>
    async (deposit: Deposit) => {
      const balance: number = (await host.disk.read("balance")) ?? 0;
      if (await isDone(host, deposit)) return balance;
      await note(host, deposit);
      await host.disk.write("balance", balance + deposit.amount);
      return balance + deposit.amount;
    };
  const keyOf = ({ client, id }: Deposit) => `${client} ${id}`;
  const inMemory: Bank = (host) => {
    const done = new Set<string>();
    return remembering(
      async (_own, deposit) => done.has(keyOf(deposit)),
      async (_own, deposit) => void done.add(keyOf(deposit)),
    )(host);
  };
  const remembersOnly =
    (whichOf: (deposit: Deposit) => string, kept: number): Bank =>
    (host) =>
    async (deposit) => {
      const { balance, done } = (await host.disk.read("account")) ?? { balance: 0, done: [] };
      if (done.includes(whichOf(deposit))) return balance;
      const account = { balance: balance + deposit.amount, done: [whichOf(deposit), ...done].slice(0, kept) };
      await host.disk.write("account", account);
      return account.balance;
    };
  const answersTooEarly: Bank = (host) => {
    let account: { balance: number; last: Record<string, number> } | undefined;
    return async ({ client, id, amount }) => {
      account ??= ((await host.disk.read("account")) as typeof account) ?? { balance: 0, last: {} };
      if (account.last[client] === id) return account.balance;
      account = { balance: account.balance + amount, last: { ...account.last, [client]: id } };
      void host.disk.write("account", account);
      return account.balance;
    };
  };
  const inOneWrite =
    (whose: (deposit: Deposit) => string, repeat: (balance: number) => number): Bank =>
    (host) =>
    async (deposit) => {
      const { balance, last } = (await host.disk.read("account")) ?? { balance: 0, last: {} };
      if (last[whose(deposit)] === deposit.id) return repeat(balance);
      const account = { balance: balance + deposit.amount, last: { ...last, [whose(deposit)]: deposit.id } };
      await host.disk.write("account", account);
      return account.balance;
    };
  return {
    mistakes: {
      "never writes":
        (host: Host) =>
        async ({ amount }: Deposit) =>
          ((await host.disk.read("balance")) ?? 0) + amount,
      "balance in memory": () => {
        let balance = 0;
        return async ({ amount }: Deposit) => {
          balance += amount;
          return balance;
        };
      },
      "adds again": unsafeBank,
      "remembers in memory": inMemory,
      "two writes": remembering(
        async (host, deposit) => (await host.disk.read(keyOf(deposit))) === true,
        (host, deposit) => host.disk.write(keyOf(deposit), true),
      ),
      "one number for all": inOneWrite(
        () => "everybody",
        (balance) => balance,
      ),
      "answers too early": answersTooEarly,
      "remembers amounts": remembersOnly(({ client, amount }) => `${client} ${amount}`, 1000),
      "the last of anybody": remembersOnly(keyOf, 1),
      "a repeat is told something else": inOneWrite(
        ({ client }) => client,
        () => 0,
      ),
      "no answer to a repeat": inOneWrite(
        ({ client }) => client,
        () => null as never,
      ),
    },
    right: {
      "a file for each deposit": (host: Host) => async (deposit: Deposit) => {
        await host.disk.write(keyOf(deposit), deposit.amount);
        let balance = 0;
        for (const name of await host.disk.list()) balance += await host.disk.read(name);
        return balance;
      },
      "a list of all that has been done": (host: Host) => async (deposit: Deposit) => {
        const { balance, done } = (await host.disk.read("account")) ?? { balance: 0, done: [] };
        if (done.includes(keyOf(deposit))) return balance;
        await host.disk.write("account", { balance: balance + deposit.amount, done: [...done, keyOf(deposit)] });
        return balance + deposit.amount;
      },
    },
  };
};
export default answers;
