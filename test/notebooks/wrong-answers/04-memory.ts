import type { Host } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Daemon = (host: Host) => Promise<void>;
type Ports = Map<string, number>;

interface Parts {
  readonly restore?: (host: Host) => Promise<Ports>;
  readonly save?: (host: Host, ports: Ports, verb: string, service: string) => Promise<unknown>;
  readonly answersFirst?: boolean;
}

/** The solution, but for the parts that are told. */
const daemon =
  ({ restore = whole.restore, save = whole.save, answersFirst = false }: Parts): Daemon =>
  async (host) => {
    const ports = await restore(host);
    for await (const connection of await host.listen(111)) {
      const { verb, service, port } = await connection.receive();
      if (verb === "register") ports.set(service, port);
      if (verb === "unregister") ports.delete(service);
      if (!answersFirst && verb !== "look up") await save(host, ports, verb, service);
      await connection.send(ports.get(service) ?? 0);
      connection.end();
      if (answersFirst && verb !== "look up") await save(host, ports, verb, service);
    }
  };
const whole = {
  restore: async (host: Host): Promise<Ports> => new Map((await host.disk.read("ports")) ?? []),
  save: async (host: Host, ports: Ports) => host.disk.write("ports", [...ports]),
};
const eachAlone = {
  restore: async (host: Host): Promise<Ports> => {
    const ports: Ports = new Map();
    for (const name of await host.disk.list()) ports.set(name, await host.disk.read(name));
    return ports;
  },
  save: async (host: Host, ports: Ports, verb: string, service: string) =>
    verb === "register" ? host.disk.write(service, ports.get(service)) : host.disk.remove(service),
};

const answers: AnswersFrom = () => ({
  mistakes: {
    "writes the Map itself": daemon({ save: async (host, ports) => host.disk.write("ports", ports) }),
    "leaves a gap": daemon({
      ...eachAlone,
      save: async (host, ports, verb, service) => {
        await host.disk.remove(service);
        if (verb === "register") await host.disk.write(service, ports.get(service));
      },
    }),
    "keeps all in memory": daemon({ restore: async () => new Map(), save: async () => undefined }),
    "answers before it has written": daemon({ answersFirst: true }),
    "keeps only the last": daemon({
      save: async (host, ports, _verb, service) => host.disk.write("ports", [[service, ports.get(service) ?? 0]]),
    }),
    "forgets nothing": daemon({
      save: async (host, ports, verb) => (verb === "register" ? whole.save(host, ports) : undefined),
    }),
  },
  wrong: {
    "forgets all when one is unregistered": daemon({
      save: async (host, ports, verb) =>
        verb === "unregister" ? host.disk.remove("ports") : host.disk.write("ports", [...ports]),
    }),
    "removes every file when one is unregistered": daemon({
      ...eachAlone,
      save: async (host, ports, verb, service) => {
        if (verb === "register") return host.disk.write(service, ports.get(service));
        for (const name of await host.disk.list()) await host.disk.remove(name);
      },
    }),
    "a gap when it unregisters": daemon({
      save: async (host, ports, verb) => {
        if (verb === "unregister") await host.disk.remove("ports");
        await host.disk.write("ports", [...ports]);
      },
    }),
    "makes {} of the map": daemon({
      restore: async (host) => new Map(Object.entries(JSON.parse((await host.disk.read("ports")) ?? "{}"))),
      save: async (host, ports) => host.disk.write("ports", JSON.stringify(ports)),
    }),
    "takes all away before it writes all": daemon({
      save: async (host, ports) => {
        await host.disk.remove("ports");
        await host.disk.write("ports", [...ports]);
      },
    }),
    "does not listen": async (host: Host) => void (await host.disk.list()),
    "keeps the first port for ever": daemon({
      ...eachAlone,
      save: async (host, ports, verb, service) =>
        verb === "register" && (await host.disk.read(service)) !== undefined
          ? undefined
          : eachAlone.save(host, ports, verb, service),
    }),
  },
  right: {
    "each service under a name of its own": daemon(eachAlone),
    "a plain object": daemon({
      restore: async (host) => new Map(Object.entries((await host.disk.read("ports")) ?? {})),
      save: async (host, ports) => host.disk.write("ports", Object.fromEntries(ports)),
    }),
    "a Map, which comes back as a plain object": daemon({
      restore: async (host) => new Map(Object.entries((await host.disk.read("ports")) ?? {})),
      save: async (host, ports) => host.disk.write("ports", ports),
    }),
    "JSON of the entries": daemon({
      restore: async (host) => new Map(JSON.parse((await host.disk.read("ports")) ?? "[]")),
      save: async (host, ports) => host.disk.write("ports", JSON.stringify([...ports])),
    }),
    "two copies, one after the other": daemon({
      restore: async (host) => new Map((await host.disk.read("new")) ?? (await host.disk.read("old")) ?? []),
      save: async (host, ports) => {
        await host.disk.write("new", [...ports]);
        await host.disk.write("old", [...ports]);
      },
    }),
  },
});
export default answers;
