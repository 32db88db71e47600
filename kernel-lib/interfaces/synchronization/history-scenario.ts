import { type Connection, type Host, type Job, on, type Scenario, scenario } from "../../world/index.js";
import {
  type Device,
  type DeviceHistory,
  type DeviceStep,
  historyLatencyMs,
  withLastExchange,
} from "./device-history.js";
import type { MergeRule } from "./merge-rule.js";
import { Replica } from "./replica.js";

/** Where devices wait for each other. */
const port = 7000;
/** When a history begins: until then they connect. */
const startMs = 20;

/** What each device shows in the end, by entry. */
export type DeviceShows = Readonly<Record<string, readonly string[]>>;

/** A device: its user follows a plan, and what others send is taken in by the rule. */
async function device<V>(
  host: Host,
  rule: MergeRule<V>,
  { name, clockOffsetMs }: Device,
  plan: readonly DeviceStep[],
  endMs: number,
): Promise<DeviceShows> {
  const replica = new Replica(rule);
  const shows = (entry: string): string => replica.shown[entry]?.join(" and ") ?? "nothing";
  const take = async (own: Host, connection: Connection<Readonly<Record<string, V>>>): Promise<void> => {
    for await (const versions of connection)
      for (const [entry, version] of Object.entries(versions)) {
        const before = shows(entry);
        replica.receive(entry, version);
        if (shows(entry) !== before) own.log(`shows ${shows(entry)}`, { entry });
      }
  };
  const accept = async (own: Host): Promise<void> => {
    for await (const connection of listener) own.spawn(take, { as: "thread" }, connection);
  };
  const listener = await host.listen(port);
  host.spawn(accept, { as: "thread" });
  await host.sleepUntil(1); // now all listen
  const connections = new Map<string, Connection>();
  for (const step of plan)
    if (step.what === "send" && !connections.has(step.to)) connections.set(step.to, await host.connect(step.to, port));
  for (const step of plan) {
    await host.sleepUntil(startMs + step.atMs);
    if (step.what === "send") {
      await connections.get(step.to)?.send(Object.fromEntries(replica.versions));
      continue;
    }
    const value = step.what === "write" ? step.value : undefined;
    const clockMs = Math.floor(step.atMs + clockOffsetMs);
    replica.write(step.entry, value, { device: name, clockMs });
    const when = clockOffsetMs === 0 ? "" : ` (clock: ${startMs + clockMs})`;
    host.log(`${value === undefined ? "deletes it" : `writes ${value}`}${when}`, { entry: step.entry });
  }
  await host.sleepUntil(startMs + endMs);
  for (const connection of connections.values()) connection.end();
  listener.close();
  return replica.shown;
}

/** The programs of a history. */
export type HistoryPrograms = {
  /** What each device shows in the end, in the history's order. */
  readonly devices: readonly Job<string, DeviceShows>[];
};

/**
 * A history as a scenario: each device is a host, which sends messages to the others.
 *
 * @returns a scenario whose result `devices` says what each device shows in the end, in the history's order
 */
export function historyScenario<V>(history: DeviceHistory, rule: MergeRule<V>): Scenario<string, HistoryPrograms> {
  const { devices, steps } = withLastExchange(history);
  const endMs = (steps.at(-1)?.atMs ?? 0) + 10;
  const planOf = (name: string): DeviceStep[] => steps.filter((step) => step.device === name);
  return scenario({
    hosts: Object.fromEntries(devices.map(({ name }) => [name, {}])),
    network: { latencyMs: historyLatencyMs },
    programs: { devices: devices.map((each) => on(each.name, device, rule, each, planOf(each.name), endMs)) },
    limitMs: startMs + endMs + 1000,
  });
}
