import { type Connection, type Host, lookUpEndpoint } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Finder = (host: Host, service: string) => Promise<string>;
type Answer = { readonly service: string; readonly text: string } | undefined;

async function ask(host: Host, port: number | undefined, service: string): Promise<Answer> {
  const connection = await host.connect("server", port as number);
  await connection.send({ service });
  const answer = await connection.receive();
  connection.end();
  return answer;
}

/** Tries again and again, as the solution does, but for what is told. */
const finder =
  (look: (host: Host, service: string) => Promise<Answer>, pauseMs = 20): Finder =>
  async (host, service) => {
    for (;;) {
      const answer = await look(host, service).catch(() => undefined);
      if (answer?.service === service) return answer.text;
      await host.sleep(pauseMs);
    }
  };
const lookUpAndAsk = async (host: Host, service: string) =>
  ask(host, await lookUpEndpoint(host, "server", service), service);

const looksUpOnce: Finder = async (host, service) => {
  let port: number | undefined;
  while (port === undefined) {
    port = await lookUpEndpoint(host, "server", service).catch(() => undefined);
    if (port === undefined) await host.sleep(20);
  }
  return finder((own) => ask(own, port, service))(host, service);
};

const answers: AnswersFrom = () => ({
  mistakes: {
    "trusts whoever answers": (async (host, service) => {
      for (;;) {
        const answer = await lookUpAndAsk(host, service).catch(() => undefined);
        if (answer) return answer.text;
        await host.sleep(20);
      }
    }) satisfies Finder,
    "looks up once": looksUpOnce,
    "gives up": (async (host, service) => (await lookUpAndAsk(host, service))?.text ?? "") satisfies Finder,
    "takes no answer for one": (async (host, service) => {
      for (;;) {
        let answer: Answer | null = null;
        try {
          const port = await lookUpEndpoint(host, "server", service);
          if (port !== undefined) answer = await ask(host, port, service);
        } catch {}
        // biome-ignore lint/style/noNonNullAssertion: the mistake itself
        if (answer !== null && answer!.service === service) return answer!.text;
        await host.sleep(20);
      }
    }) satisfies Finder,
    hammers: finder(lookUpAndAsk, 1),
  },
  wrong: {
    "receives outside the try": (async (host, service) => {
      for (;;) {
        let connection: Connection | undefined;
        try {
          connection = await host.connect("server", (await lookUpEndpoint(host, "server", service)) as number);
          await connection.send({ service });
        } catch {}
        const answer: Answer = await connection?.receive();
        connection?.end();
        if (answer?.service === service) return answer.text;
        await host.sleep(20);
      }
    }) satisfies Finder,
    "gives up after 400 ms": (async (host, service) => {
      for (let i = 0; i < 20; i++) {
        const answer = await lookUpAndAsk(host, service).catch(() => undefined);
        if (answer?.service === service) return answer.text;
        await host.sleep(20);
      }
      return "not found";
    }) satisfies Finder,
    "makes the text up": (async (host, service) => {
      await finder(lookUpAndAsk)(host, service);
      return `this is ${service}`;
    }) satisfies Finder,
    "knows the port by heart": finder((host, service) => ask(host, 50_002, service)),
    "invents the answer": async () => "this is time and more",
    "never ends": async (host: Host) => {
      await host.sleep(100_000);
      return "";
    },
  },
  right: { "waits longer between tries": finder(lookUpAndAsk, 50) },
});
export default answers;
