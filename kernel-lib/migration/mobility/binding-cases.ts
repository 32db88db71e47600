import { refuse } from "../../errors.js";
import type { Host } from "../../world/host.js";
import { on, scenario } from "../../world/scenario.js";
import { simulate } from "../../world/virtual/virtual.js";
import type { Attachment, Binding, CodeSegment } from "../abstract-machine/index.js";
import { bindingTable, type Strategy } from "./bindings.js";
import { launch } from "./launch.js";
import { Clock, type LocalResource, Mailbox, NumberFile, Printer } from "./local-resources.js";
import { place } from "./place.js";
import type { Report } from "./reports.js";
import { deliver } from "./requests.js";
import { programShipment } from "./shipment.js";
import { askPlace, placePort } from "./travel.js";

/**
 * The program of the nine cases, in AssemblyScript: each of its functions uses one resource at home, moves, and uses it
 * again. `travel.go(0)` leads away.
 */
export const bindingCaseProgram = `
@external("travel", "go") declare function go(host: i32): i32;
@external("file", "append") declare function append(x: f64): void;
@external("file", "length") declare function length(): i32;
@external("file", "sum") declare function sum(): f64;
@external("mailbox", "take") declare function take(): f64;
@external("clock", "now") declare function now(): f64;
@external("printer", "print") declare function print(x: f64): void;

// Writes a line into a file here, and one there.
export function report(): f64 { append(1); go(0); append(2); return sum(); }
// Takes a letter here, and the next one there.
export function letters(): f64 { const first = take(); go(0); return 10 * first + take(); }
// Goes, and adds up what is in a file.
export function lookUp(): f64 { go(0); return sum(); }
// How long does a move take?
export function stopWatch(): f64 { const start = now(); go(0); return now() - start; }
// Goes, and needs a file to write into.
export function scratch(): f64 { go(0); append(40); append(2); return sum(); }
// Goes, and asks whether there is anything in a file.
export function fonts(): f64 { go(0); return length() > 0 ? 1 : 0; }
// Goes to the people who want the result on paper.
export function print42(): f64 { go(0); print(42); return 42; }
`;

/** A case of the table of bindings, with a program that shows it. */
export interface BindingCase {
  /** What the program needs. */
  readonly binding: Binding;
  /** How the resource is tied to its computer. */
  readonly attachment: Attachment;
  /** Which function of {@link bindingCaseProgram}. */
  readonly call: string;
  /** Which resource it uses. */
  readonly resource: "file" | "mailbox" | "clock" | "printer";
  /** What the program is about. */
  readonly story: string;
}

const mega = 131_072; // numbers in a file of 1 MiB
const latencyMs = 20;
const limitMs = 30_000;

interface Case extends BindingCase {
  readonly identifier: string;
  readonly atHome: (host: Host) => LocalResource;
  readonly away: (host: Host) => LocalResource;
  /** Somebody at home uses the file, too, and looks after it at the end. */
  readonly hasNeighbour?: boolean;
  /** What is wrong, given what came; empty if nothing is. */
  readonly wrong: (seen: Seen) => string;
}

interface Seen {
  readonly report: Report;
  readonly result: number;
  readonly resources: { readonly home: LocalResource[]; readonly away: LocalResource[] };
}

const file =
  (name: string, numbers: readonly number[], size = numbers.length) =>
  () =>
    new NumberFile(name, [...numbers, ...new Array(size - numbers.length).fill(0)]);
const versions = ({ resources }: Seen, identifier: string, first: readonly number[]) => {
  const found = [...resources.home, ...resources.away].filter((one) => one.identifier === identifier);
  if (found.length !== 1) return `there are ${found.length} versions of ${identifier} now`;
  const lines = (found[0] as NumberFile).numbers.filter((x) => x > 0);
  return first.every((x) => lines.includes(x)) ? "" : `${identifier} lacks a line; it stands in another file`;
};
const gives = ({ result }: Seen, wanted: number, why: string) =>
  result === wanted ? "" : `it returned ${result}: ${why}`;

const cases: readonly Case[] = [
  {
    binding: "identifier",
    attachment: "unattached",
    call: "report",
    resource: "file",
    story: "a report that the program writes, and of which there shall be one",
    identifier: "file:report",
    atHome: file("file:report", []),
    away: file("file:diary", []),
    wrong: (seen) => versions(seen, "file:report", [1, 2]),
  },
  {
    binding: "identifier",
    attachment: "fastened",
    call: "report",
    resource: "file",
    story: "the accounts, one file of 1 MiB",
    identifier: "file:accounts",
    atHome: file("file:accounts", [], mega),
    away: file("file:other accounts", [], mega),
    wrong: (seen) => versions(seen, "file:accounts", [1, 2]),
  },
  {
    binding: "identifier",
    attachment: "fixed",
    call: "letters",
    resource: "mailbox",
    story: "a mailbox at home, whose address others know",
    identifier: "mailbox:home",
    atHome: (host) => new Mailbox("mailbox:home", host),
    away: (host) => new Mailbox("mailbox:away", host),
    wrong: (seen) => gives(seen, 12, "not the two letters"),
  },
  {
    binding: "value",
    attachment: "unattached",
    call: "lookUp",
    resource: "file",
    story: "a price list; any copy of it will do",
    identifier: "file:prices",
    atHome: file("file:prices", [3, 4, 5]),
    away: file("file:birthdays", [24, 12]),
    wrong: (seen) => gives(seen, 12, "these are no prices"),
  },
  {
    binding: "value",
    attachment: "fastened",
    call: "lookUp",
    resource: "file",
    story: "a map of 1 MiB, which others at home use as well",
    identifier: "file:map",
    atHome: file("file:map", [3, 4, 5], mega),
    away: file("file:novel", [7], mega),
    hasNeighbour: true,
    wrong: (seen) => gives(seen, 12, "this is no map"),
  },
  {
    binding: "value",
    attachment: "fixed",
    call: "stopWatch",
    resource: "clock",
    story: "the time that home's clock shows, by which a journey is measured",
    identifier: "clock:home",
    atHome: (host) => new Clock("clock:home", host, 5000),
    away: (host) => new Clock("clock:away", host),
    wrong: ({ result }) =>
      result >= latencyMs && result < 4000 ? "" : `the journey took ${Math.round(result)} ms, it says`,
  },
  {
    binding: "type",
    attachment: "unattached",
    call: "scratch",
    resource: "file",
    story: "an empty file for a calculation",
    identifier: "file:scratch of home",
    atHome: file("file:scratch of home", []),
    away: file("file:scratch of away", []),
    wrong: (seen) => gives(seen, 42, "the file was not empty"),
  },
  {
    binding: "type",
    attachment: "fastened",
    call: "fonts",
    resource: "file",
    story: "some fonts, 1 MiB of them; every computer has its own",
    identifier: "file:fonts of home",
    atHome: file("file:fonts of home", [1], mega),
    away: file("file:fonts of away", [2], mega),
    hasNeighbour: true,
    wrong: (seen) => gives(seen, 1, "there are no fonts"),
  },
  {
    binding: "type",
    attachment: "fixed",
    call: "print42",
    resource: "printer",
    story: "a printer near those who read what it prints",
    identifier: "printer:home",
    atHome: () => new Printer("printer:home"),
    away: () => new Printer("printer:away"),
    wrong: ({ resources }) =>
      [...resources.home, ...resources.away].some((one) => one instanceof Printer && one.printed.includes(42))
        ? ""
        : "nothing was printed",
  },
];

/** The nine cases, in the order of {@link bindingTable}. */
export const bindingCases: readonly BindingCase[] = cases.map(({ binding, attachment, call, resource, story }) => ({
  binding,
  attachment,
  call,
  resource,
  story,
}));

/** What came of a case with one strategy. */
export interface BindingOutcome {
  /** As in the table. */
  readonly binding: Binding;
  /** As in the table. */
  readonly attachment: Attachment;
  /** What was done with the reference. */
  readonly strategy: Strategy;
  /** Whether the table has it, and at which place: 1 is best; 0 if it has not. */
  readonly rank: number;
  /** Whether the program did what it is for, and nobody else was harmed. */
  readonly works: boolean;
  /** What went wrong; empty if nothing did. */
  readonly problem: string;
  /** What was sent of the resource when the program moved. */
  readonly resourceBytes: number;
  /** Questions that crossed the network afterwards. */
  readonly remoteCalls: number;
  /** From the launch to the end, in virtual time; the limit if it never ended. */
  readonly totalMs: number;
}

/**
 * Plays a case with a strategy in virtual time: a program at `home` that uses a resource, moves to `away` over a link of 100 kB/s
 * and 20 ms, and uses it again.
 *
 * @param code {@link bindingCaseProgram}, compiled and decoded.
 */
export async function tryBinding(which: BindingCase, strategy: Strategy, code: CodeSegment): Promise<BindingOutcome> {
  const { binding, attachment } = which;
  const same = (row: { binding: Binding; attachment: Attachment }) =>
    row.binding === binding && row.attachment === attachment;
  const found = cases.find(same);
  if (!found) return refuse("tryBinding", "which", "one of bindingCases", which);
  const resources: Seen["resources"] = { home: [], away: [] };
  const { outcomes } = await simulate(journey(found, strategy, code, resources), { seed: 1 });
  const report = outcomes.process.how === "returned" ? outcomes.process.value[0] : undefined;
  const problem = problemOf(found, report, resources, outcomes.neighbour);
  return {
    binding,
    attachment,
    strategy,
    rank: (bindingTable.find(same)?.strategies.indexOf(strategy) ?? -1) + 1,
    works: problem === "",
    problem,
    resourceBytes: report?.hops[0]?.resourceBytes ?? 0,
    remoteCalls: report?.remoteCalls ?? 0,
    totalMs: report?.endedMs ?? limitMs,
  };
}

function journey(found: Case, strategy: Strategy, code: CodeSegment, resources: Seen["resources"]) {
  const { binding, attachment, resource, call, identifier } = found;
  const at = (host: "home" | "away") => {
    const make = (own: Host) => {
      resources[host].push(host === "home" ? found.atHome(own) : found.away(own));
      return resources[host];
    };
    return on(host, place({ instructionsPerMs: 1000, resources: make })).daemon();
  };
  const process = (host: Host) =>
    launch(host, "home", {
      shipment: programShipment(code, call),
      handles: { [resource]: { identifier, binding, attachment, strategy } },
      itinerary: ["away"],
    });
  const correspondent = async (host: Host) => {
    if (resource !== "mailbox") return;
    await deliver(host, "home", identifier, 1);
    await host.sleepUntil(5000);
    await deliver(host, "home", identifier, 2);
  };
  const neighbour = async (host: Host) => {
    await host.sleepUntil(20_000);
    if (found.hasNeighbour)
      await askPlace(host, "home", placePort, { ask: "perform", identifier, operation: "length", args: [] });
  };
  return scenario({
    hosts: { home: {}, away: {}, user: {} },
    network: { latencyMs, bytesPerS: 100_000 },
    programs: {
      home: at("home"),
      away: at("away"),
      process: on("user", process),
      correspondent: on("user", correspondent),
      neighbour: on("user", neighbour),
    },
    limitMs,
  });
}

function problemOf(
  found: Case,
  report: Report | undefined,
  resources: Seen["resources"],
  neighbour: { readonly how: string; readonly error?: Error },
): string {
  if (!report) return "it waits for ever";
  if (report.how !== "finished") return report.error ?? report.how;
  if (neighbour.how === "threw") return `at home, ${neighbour.error?.message}`;
  return found.wrong({ report, result: Number(report.results[0]), resources });
}
