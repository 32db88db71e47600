import { refuse } from "../../errors.js";
import { ConnectionReset, type Host, type Job, on, type Scenario, scenario, type TraceRow } from "../../world/index.js";
import { isLoss } from "./retrying.js";

/**
 * In which order a server prints (P) and sends its completion message (M), and where it crashes (C); what stands in brackets, it comes
 * to no more.
 */
export type CrashOrder = "MPC" | "MC(P)" | "C(MP)" | "PMC" | "PC(M)" | "C(PM)";
/** All orders, as in the published table. */
export const crashOrders: readonly CrashOrder[] = ["MPC", "MC(P)", "C(MP)", "PMC", "PC(M)", "C(PM)"];

/** When a client sends its request again, after it has heard that the server crashed and is back. */
export type Reissue = "always" | "never" | "if acknowledged" | "if not acknowledged";
/** All strategies, as in the published table. */
export const reissues: readonly Reissue[] = ["always", "never", "if acknowledged", "if not acknowledged"];

/** What came of it: the text was printed once, twice or never. */
export type Printed = "OK" | "DUP" | "ZERO";

/** The server's programs: which work it does, with how much time between its steps. */
export type PrintServer = (host: Host, first: "M" | "P", stepMs: number) => Promise<void>;
/** A client: sends the request, hears that the server is back at `backMs`, and says how many requests it sent. */
export type PrintClient = (host: Host, reissue: Reissue, backMs: number) => Promise<number>;

/** Prints what it is asked to, on paper that outlives it, and sends a completion message, in one order or the other. */
export const printServer: PrintServer = async (host, first, stepMs) => {
  for await (const connection of await host.listen(515))
    try {
      for await (const text of connection)
        for (const step of first === "M" ? "MP" : "PM") {
          await host.sleep(stepMs);
          if (step === "M") await connection.send("done");
          else await host.disk.write("paper", [...((await host.disk.read("paper")) ?? []), text]);
        }
    } catch (error) {
      if (!(error instanceof ConnectionReset)) throw error;
    }
};

/** Sends one request, and decides about a second by what it has heard. */
export const printClient: PrintClient = async (host, reissue, backMs) => {
  const request = async (untilMs: number): Promise<boolean> => {
    try {
      const connection = await host.connect("server", 515, { timeoutMs: untilMs - host.now() });
      await connection.send("a text");
      return (await connection.receive({ timeoutMs: untilMs - host.now() })) === "done";
    } catch (error) {
      if (!isLoss(error)) throw error;
      return false;
    }
  };
  const isAcknowledged = await request(backMs - 1);
  await host.sleepUntil(backMs);
  const again =
    reissue === "always" ||
    (reissue === "if acknowledged" && isAcknowledged) ||
    (reissue === "if not acknowledged" && !isAcknowledged);
  if (again) await request(2 * backMs);
  return again ? 2 : 1;
};

/** The programs of {@link crashScenario}. */
export type CrashPrograms = {
  /** Prints. */
  readonly server: Job<"server" | "client", void>;
  /** How many requests the client sent. */
  readonly requests: Job<"server" | "client", number>;
  /** What is on the paper at the end. */
  readonly paper: Job<"server" | "client", string[]>;
};

/** See {@link crashScenario}. */
export interface CrashOptions {
  /** Time between the server's steps; everything is in proportion. 20 ms unless told. */
  readonly stepMs?: number;
  /** Another server than {@link printServer}. */
  readonly server?: PrintServer;
  /** Another client than {@link printClient}. */
  readonly client?: PrintClient;
}

/**
 * One cell of the table of server crashes: a client asks a server to print a text; the server crashes at a given point of its work and is
 * started again; the client decides whether to ask again.
 *
 * @throws {@link ParameterError} if order or reissue is unknown.
 * @see van Steen and Tanenbaum, *Distributed Systems*, §8.3, "RPC semantics in the presence of failures", for the table.
 */
export function crashScenario(
  order: CrashOrder,
  reissue: Reissue,
  { stepMs = 20, server = printServer, client = printClient }: CrashOptions = {},
): Scenario<"server" | "client", CrashPrograms> {
  if (!crashOrders.includes(order)) refuse("crashScenario", "order", `one of ${crashOrders.join(", ")}`, order);
  if (!reissues.includes(reissue)) refuse("crashScenario", "reissue", `one of ${reissues.join(", ")}`, reissue);
  const first = order.replace(/[C()]/g, "")[0] as "M" | "P";
  // The request comes at once. Steps are done after one and two times stepMs: the crash lies in the middle before, between or after.
  const atMs = (order.indexOf("C") + 0.5) * stepMs;
  const backMs = 4 * stepMs;
  const paper = async (host: Host): Promise<string[]> => (await host.disk.read("paper")) ?? [];
  return scenario({
    hosts: { server: {}, client: {} },
    faults: [
      { kind: "crash", host: "server", atMs },
      { kind: "restart", host: "server", atMs: atMs + stepMs },
    ],
    programs: {
      server: on("server", server, first, stepMs).daemon(),
      requests: on("client", client, reissue, backMs),
      paper: on("server", paper).at(2 * backMs + stepMs),
    },
    limitMs: 10 * backMs,
  });
}

/**
 * The order in which a run of {@link crashScenario} really went, up to its crash: live, a machine that is busy may crash a step too late.
 *
 * @param first which step the server does first.
 */
export function crashOrderOf(rows: readonly TraceRow[], first: "M" | "P"): CrashOrder {
  let done = "";
  for (const row of rows) {
    if (row.host !== "server") continue;
    if (row.kind === "fault") break;
    if (row.kind === "send") done += "M";
    if (row.kind === "disk" && row.access?.startsWith("write")) done += "P";
  }
  const left = (first === "M" ? "MP" : "PM").slice(done.length);
  return `${done}C${left && `(${left})`}` as CrashOrder;
}

/** Whether a text was printed once, twice or never. */
export function printed(paper: readonly unknown[]): Printed {
  return paper.length === 0 ? "ZERO" : paper.length === 1 ? "OK" : "DUP";
}
