import type { MergeRule } from "./merge-rule.js";
import { Replica } from "./replica.js";

/** A device with a copy of the calendar. */
export interface Device {
  /** Different from the others'. */
  readonly name: string;
  /** How far its clock is ahead of the true time; below 0 if it is behind. */
  readonly clockOffsetMs: number;
}

/** What all steps of a history have. */
interface AnyStep {
  /** When, in true time. No two steps of a history at the same time. */
  readonly atMs: number;
  /** Where. */
  readonly device: string;
}

/** A device's user writes an entry. */
export interface WriteStep extends AnyStep {
  /** Tells the steps apart. */
  readonly what: "write";
  /** Its name. */
  readonly entry: string;
  /** What is written. */
  readonly value: string;
}

/** A device's user deletes an entry. */
export interface DeleteStep extends AnyStep {
  /** Tells the steps apart. */
  readonly what: "delete";
  /** Its name. */
  readonly entry: string;
}

/** A device meets another, and sends it all it has. */
export interface SendStep extends AnyStep {
  /** Tells the steps apart. */
  readonly what: "send";
  /** The other. */
  readonly to: string;
}

/** What happens at a device. */
export type DeviceStep = WriteStep | DeleteStep | SendStep;

/** What users do and which devices meet, in the order of time. No two writes of a history have the same value. */
export interface DeviceHistory {
  /** At least two. */
  readonly devices: readonly Device[];
  /** In the order of time. */
  readonly steps: readonly DeviceStep[];
}

/** How long what a device sends is on its way: never so that it arrives in the moment of a step. @internal */
export const historyLatencyMs = 2.1;
/** Between two steps that a clock of whole milliseconds can't tell apart. @internal */
export const momentMs = 0.25;

/**
 * A history with its end: when all is quiet, every device sends all it has to every other, all at about the same time. A rule that
 * converges has converged then.
 */
export function withLastExchange({ devices, steps }: DeviceHistory): DeviceHistory {
  const quietMs = (steps.at(-1)?.atMs ?? 0) + 10;
  const pairs = devices.flatMap((from) =>
    devices.filter((to) => to !== from).map((to) => [from.name, to.name] as const),
  );
  const last = pairs.map(([device, to], i): DeviceStep => ({ atMs: quietMs + i * momentMs, device, what: "send", to }));
  return { devices, steps: [...steps, ...last] };
}

/** What somebody does who follows a history. */
export interface HistoryVisitor<Sent> {
  /** A user writes, or deletes: then `value` is undefined. */
  write(step: WriteStep | DeleteStep, value: string | undefined): void;
  /** A device sends: what it has, as it is in this moment. */
  send(device: string): Sent;
  /** That arrives. */
  arrive(device: string, sent: Sent): void;
}

/** Goes through a history with its last exchange: steps and arrivals, in the order of time. */
export function followHistory<Sent>(history: DeviceHistory, visitor: HistoryVisitor<Sent>): void {
  const onTheWay: { readonly atMs: number; readonly to: string; readonly sent: Sent }[] = [];
  const arriveUntil = (timeMs: number): void => {
    while (onTheWay[0] && onTheWay[0].atMs < timeMs) {
      const { to, sent } = onTheWay.shift() as (typeof onTheWay)[number];
      visitor.arrive(to, sent);
    }
  };
  for (const step of withLastExchange(history).steps) {
    arriveUntil(step.atMs);
    if (step.what === "send")
      onTheWay.push({ atMs: step.atMs + historyLatencyMs, to: step.to, sent: visitor.send(step.device) });
    else visitor.write(step, step.what === "write" ? step.value : undefined);
  }
  arriveUntil(Infinity);
}

/** What each device shows, by entry. */
export type Shown = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** What each device shows in the end if all follow the rule. The same as {@link historyScenario} gives, a hundred times as fast. */
export function playHistory<V>(history: DeviceHistory, rule: MergeRule<V>): Shown {
  const replicas = new Map(history.devices.map(({ name }) => [name, new Replica(rule)]));
  const offsets = new Map(history.devices.map(({ name, clockOffsetMs }) => [name, clockOffsetMs]));
  const of = (device: string): Replica<V> => replicas.get(device) as Replica<V>;
  followHistory(history, {
    write: ({ device, entry, atMs }, value) =>
      of(device).write(entry, value, { device, clockMs: Math.floor(atMs + (offsets.get(device) as number)) }),
    send: (device) => of(device).versions,
    arrive: (device, sent) => {
      for (const [entry, version] of sent) of(device).receive(entry, version);
    },
  });
  return Object.fromEntries([...replicas].map(([name, replica]) => [name, replica.shown]));
}
