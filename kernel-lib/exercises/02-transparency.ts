/** The exercises of notebook 02: a filter of duplicates, a move, a bound for second requests, a majority. */
import { exercise, type ProgramExercise } from "../workbook/index.js";
import {
  Cancelled,
  type Connection,
  ConnectionReset,
  type Host,
  on,
  scenario,
  simulate,
  TimedOut,
} from "../world/index.js";

// 1 · A filter that survives overtaking

/** A call as it comes to the filter: copies of a call have the same client and number. */
export interface NumberedCall {
  /** Who calls. */
  readonly client: string;
  /** The number of the call among those of its client. */
  readonly number: number;
}

/** What the reader writes: makes a filter, which gets a call and a function that executes it, and gives the reply. */
export type MakeFilter = () => (call: NumberedCall, execute: () => Promise<string>) => Promise<string>;

type Copy = readonly [atMs: number, client: string, number: number];

/** A server that takes 20 ms for a call, and a thread for each copy. */
const filteringServer = async (host: Host, make: MakeFilter, executed: string[]) => {
  const filter = make();
  const answer = async (own: Host, connection: Connection) => {
    const call: NumberedCall = await connection.receive();
    const reply = await filter(call, async () => {
      await own.sleep(20);
      executed.push(`${call.client}${call.number}`);
      return `reply to ${call.client}${call.number}`;
    });
    await connection.send(reply ?? "nothing");
    connection.end();
  };
  for await (const connection of await host.listen(80)) host.spawn(answer, { as: "thread" }, connection);
};

/** Sends copies over connections of their own, as a client does that has given up an earlier one. */
const sendCopies = async (host: Host, copies: readonly Copy[]) => {
  const replies: string[] = [];
  const sendOne = async (own: Host, [, client, number]: Copy) => {
    const connection = await own.connect("server", 80);
    await connection.send({ client, number });
    replies.push(`${client}${number}: ${await connection.receive({ timeoutMs: 500 })}`);
  };
  const sending = [];
  for (const copy of copies) {
    await host.sleepUntil(copy[0]);
    sending.push(host.spawn(sendOne, { as: "thread" }, copy));
  }
  for (const each of sending) await each.done();
  return replies;
};

const tryFilter = async (make: MakeFilter, copies: readonly Copy[], seed: number) => {
  const executed: string[] = [];
  const run = await simulate(
    scenario({
      hosts: { server: {}, client: {} },
      network: { latencyMs: 2 },
      programs: {
        server: on("server", (host: Host) => filteringServer(host, make, executed)).daemon(),
        replies: on("client", sendCopies, copies),
      },
      limitMs: 5000,
    }),
    { seed },
  );
  const calls = [...new Set(copies.map(([, client, number]) => `${client}${number}`))];
  return { ...run, executed, calls, copies };
};

const times = (executed: readonly string[], call: string) => executed.filter((each) => each === call).length;

/** A filter of duplicates for copies that come in any order. */
export const overtaking: ProgramExercise<MakeFilter> = exercise({
  name: "02-overtaking",
  statement:
    "A filter that executes each call once, in whatever order its copies come, and gives every copy the reply of its own call.",
  scenarios: {
    "no copies": (make: MakeFilter, seed) =>
      tryFilter(
        make,
        [
          [0, "a", 1],
          [50, "a", 2],
        ],
        seed,
      ),
    "a copy afterwards": (make: MakeFilter, seed) =>
      tryFilter(
        make,
        [
          [0, "a", 1],
          [60, "a", 1],
        ],
        seed,
      ),
    "a copy is overtaken by the next call": (make: MakeFilter, seed) =>
      tryFilter(
        make,
        [
          [0, "a", 1],
          [60, "a", 2],
          [120, "a", 1],
          [180, "a", 3],
        ],
        seed,
      ),
    "the first call comes after the second": (make: MakeFilter, seed) =>
      tryFilter(
        make,
        [
          [0, "a", 2],
          [60, "a", 1],
        ],
        seed,
      ),
    "a copy comes while the first is executed": (make: MakeFilter, seed) =>
      tryFilter(
        make,
        [
          [0, "a", 1],
          [10, "a", 1],
        ],
        seed,
      ),
    "two clients use the same numbers": (make: MakeFilter, seed) =>
      tryFilter(
        make,
        [
          [0, "a", 1],
          [60, "b", 1],
          [120, "a", 1],
          [180, "b", 1],
        ],
        seed,
      ),
  },
  seeds: [1],
  claims: {
    "every call is executed": (run) => {
      const missing = run.calls.find((call) => times(run.executed, call) === 0);
      return missing === undefined || `${missing} was not executed`;
    },
    "none is executed twice": (run) => {
      const twice = run.calls.find((call) => times(run.executed, call) > 1);
      return twice === undefined || `${twice} was executed ${times(run.executed, twice)} times`;
    },
    "every copy gets the reply of its own call": (run) => {
      const { replies } = run.results;
      const wrong = replies.find((reply) => !/^(\w+): reply to \1$/.test(reply));
      if (wrong !== undefined) return `a copy of ${wrong.split(":")[0]} got "${wrong.replace(/^\w+: /, "")}"`;
      return replies.length === run.copies.length || `${run.copies.length - replies.length} copies got no reply`;
    },
  },
  mistakes: [
    {
      name: "one number for all clients",
      recognise: ({ scenario, claim }) => scenario === "two clients use the same numbers" && claim !== "",
      hint: "Two clients may use the same number for two calls. What names a call?",
    },
    {
      name: "only the last call",
      recognise: ({ scenario, claim }) =>
        scenario === "a copy is overtaken by the next call" && claim === "none is executed twice",
      hint: "You remember the last call of each client. A copy of an earlier one may come after it: keep them apart.",
    },
    {
      name: "older numbers are copies",
      recognise: ({ scenario, claim }) =>
        scenario === "the first call comes after the second" && claim === "every call is executed",
      hint: "A smaller number is not always a copy: the call itself may have been overtaken. You know only what you have executed.",
    },
    {
      name: "remembers too late",
      recognise: ({ scenario, claim }) =>
        scenario === "a copy comes while the first is executed" && claim === "none is executed twice",
      hint: "The copy came while `execute` was running. Remember the call before you wait: its promise is a reply that is still to come.",
    },
    {
      name: "no reply for a copy",
      recognise: ({ claim }) => claim === "every copy gets the reply of its own call",
      hint: "Whoever sent the copy waits for the reply of that call: keep the reply, not only that it was executed.",
    },
  ],
  hints: [
    "A Map from what names a call to what is known of it.",
    "If the map holds *promises* of replies, a copy that comes early and one that comes late are the same case.",
  ],
});

// 2 · Move without losing calls

/** What the source can do in a move. Each takes some time; `false` says that it was not done. */
export interface MoveSteps {
  /** Calls that come wait from now on; returns when the running one has ended. */
  hold(): Promise<void>;
  /** Calls that wait go on: are executed here, or passed on if this is a pointer. */
  release(): Promise<void>;
  /** Sends state and table of duplicates to the target, which writes them down; false if it does not answer. */
  sendState(): Promise<boolean>;
  /** Asks the home to change its entry from here to there; false if it says something else: the service stays here. */
  setHome(): Promise<boolean>;
  /** From now on this place executes nothing, and passes calls on to the target. */
  becomePointer(): Promise<void>;
}

/** What the reader writes: moves the service by these steps. */
export type MoveProgram = (steps: MoveSteps) => Promise<void>;

interface Site {
  entries: string[];
  isHolder: boolean;
  isPointer: boolean;
}

interface MoveCase {
  /** The target is down. */
  readonly targetIsDown?: boolean;
  /** Somebody else has changed the home's entry. */
  readonly homeRefuses?: boolean;
}

const tryMove = async (move: MoveProgram, moveCase: MoveCase, seed: number) => {
  const sites: Record<"source" | "target", Site> = {
    source: { entries: [], isHolder: true, isPointer: false },
    target: { entries: [], isHolder: false, isPointer: false },
  };
  const { targetIsDown = false, homeRefuses = false } = moveCase;
  /** What a place does with one call; nothing if it is not for it. */
  const source = async (host: Host) => {
    const mutex = host.mutex();
    let held = false;
    const passOn = async (own: Host, entry: string) => {
      const next = await own.connect("target", 80, { timeoutMs: 30 });
      await next.send({ entry });
      return next.receive({ timeoutMs: 100 });
    };
    const answer = async (own: Host, connection: Connection) => {
      try {
        const { entry } = await connection.receive();
        await mutex.lock();
        let reply: string | undefined;
        if (sites.source.isPointer) {
          mutex.unlock();
          reply = await passOn(own, entry);
        } else {
          await own.sleep(3);
          sites.source.entries.push(entry);
          own.log("executed", { entry });
          mutex.unlock();
          reply = entry;
        }
        if (reply === undefined) connection.reset();
        else {
          await connection.send(reply);
          connection.end();
        }
      } catch (error) {
        if (!(error instanceof ConnectionReset || error instanceof TimedOut)) throw error;
      }
    };
    const steps: MoveSteps = {
      hold: async () => {
        if (!held) await mutex.lock();
        held = true;
        host.log("holds calls");
      },
      release: async () => {
        if (held) mutex.unlock();
        held = false;
        host.log("releases calls");
        await host.sleep(1);
      },
      sendState: async () => {
        const entries = [...sites.source.entries];
        host.log("sends state", { entries: entries.length });
        await host.sleep(10);
        if (targetIsDown) return false;
        sites.target.entries = entries;
        return true;
      },
      setHome: async () => {
        await host.sleep(4);
        if (!homeRefuses) sites.target.isHolder = true;
        host.log(homeRefuses ? "home refuses" : "home says target");
        return !homeRefuses;
      },
      becomePointer: async () => {
        await host.sleep(2);
        sites.source.isPointer = true;
        sites.source.isHolder = false;
        host.log("is a pointer");
      },
    };
    const moving = async (own: Host) => {
      await own.sleep(50);
      await move(steps);
      own.log("the move has ended");
    };
    host.spawn(moving, { as: "thread" });
    for await (const connection of await host.listen(80)) host.spawn(answer, { as: "thread" }, connection);
  };
  const target = async (host: Host) => {
    const answer = async (own: Host, connection: Connection) => {
      const { entry } = await connection.receive();
      await own.sleep(3);
      // A place that does not hold the service has nothing to execute it on.
      if (sites.target.isHolder && !targetIsDown) {
        sites.target.entries.push(entry);
        own.log("executed", { entry });
        await connection.send(entry);
      }
      connection.end();
    };
    for await (const connection of await host.listen(80)) host.spawn(answer, { as: "thread" }, connection);
  };
  const client = async (host: Host, name: string) => {
    let answered = 0;
    for (let i = 1; i <= 15; i++) {
      const connection = await host.connect("source", 80);
      await connection.send({ entry: `${name}${i}` });
      if ((await connection.receive({ timeoutMs: 400 }).catch(() => undefined)) !== undefined) answered++;
      await host.sleep(2);
    }
    return answered;
  };
  const run = await simulate(
    scenario({
      hosts: { source: {}, target: {}, clients: {} },
      network: { latencyMs: 1 },
      programs: {
        source: on("source", source).daemon(),
        target: on("target", target).daemon(),
        answered: ["a", "b", "c"].map((name) => on("clients", client, name)),
      },
      limitMs: 30_000,
    }),
    { seed },
  );
  const home: "source" | "target" = sites.target.isHolder ? "target" : "source";
  return { ...run, sites, home, targetIsDown, homeRefuses };
};

/** A move that loses no call, and ends with one holder. */
export const losslessMove: ProgramExercise<MoveProgram> = exercise({
  name: "02-move",
  statement:
    "A move, in steps, during which no call is lost, and after which one place holds the service: the one that the home says.",
  scenarios: {
    "all goes well": (move: MoveProgram, seed) => tryMove(move, {}, seed),
    "the target is down": (move: MoveProgram, seed) => tryMove(move, { targetIsDown: true }, seed),
    "the home refuses": (move: MoveProgram, seed) => tryMove(move, { homeRefuses: true }, seed),
  },
  seeds: [1],
  claims: {
    "every call is answered": (run) => {
      const answered = run.results.answered.reduce((sum, each) => sum + each, 0);
      return answered === 45 || `${45 - answered} of 45 calls got no answer`;
    },
    "the service is where the home says, and nowhere else": (run) => {
      const holders = (["source", "target"] as const).filter((name) => run.sites[name].isHolder);
      if (holders.length !== 1) return holders.length === 0 ? "no place holds it" : `${holders.join(" and ")} hold it`;
      return holders[0] === run.home || `the home says ${run.home}`;
    },
    "no executed call is missing where the service is": (run) => {
      const missing = run.rows.flatMap((row) =>
        row.kind === "log" &&
        row.event === "executed" &&
        !run.sites[run.home].entries.includes(String(row.fields.entry))
          ? [String(row.fields.entry)]
          : [],
      );
      return missing.length === 0 || `${missing.length} calls were executed and are not there, ${missing[0]} for one`;
    },
    "it moves when nothing is in the way": (run) =>
      run.targetIsDown || run.homeRefuses || run.home === "target" || "the service is where it was",
  },
  mistakes: [
    {
      name: "does not move",
      recognise: ({ claim }) => claim === "it moves when nothing is in the way",
      hint: "Nothing was in the way, and the service is where it was. It has moved when the home says so: `setHome`.",
    },
    {
      name: "does not let calls go on",
      recognise: ({ claim, run }) =>
        claim === "every call is answered" &&
        !run?.rows.some((row) => row.kind === "log" && row.event === "releases calls"),
      hint: "Calls that wait, wait until you `release` them: also when the move was given up.",
    },
    {
      name: "goes on without the target",
      recognise: ({ scenario, claim }) => scenario === "the target is down" && claim !== "",
      hint: "`sendState` said false: nobody has the state there. Then the home must not be told that it is there.",
    },
    {
      name: "does not look at the home's answer",
      recognise: ({ scenario, claim, run }) => {
        const events = (run?.rows ?? []).flatMap((row) => (row.kind === "log" ? [row.event] : []));
        const isPointer = events.indexOf("is a pointer");
        return scenario === "the home refuses" && claim !== "" && isPointer > events.indexOf("home refuses");
      },
      hint: "`setHome` said false: the service stays where it is. What must not be done then?",
    },
    {
      name: "executes while the state travels",
      recognise: ({ claim }) => claim === "no executed call is missing where the service is",
      hint: "Calls were executed at the source after the state had been sent. From which step to which must no call be executed there?",
    },
    {
      name: "two holders",
      recognise: ({ claim }) => claim === "the service is where the home says, and nowhere else",
      hint: "The home says that the service is at the target, and the source still executes calls. Which step is missing at the source?",
    },
    {
      name: "a pointer too early",
      recognise: ({ claim }) => claim === "every call is answered",
      hint: "A call was passed on to a target that did not hold the service yet, or was never to hold it.",
    },
  ],
  hints: [
    "Which of the five steps is the moment in which the service has moved? What must be done before, and what after?",
    "Two of the steps can say false. What is true then, and which step must still come in every case?",
  ],
});

// 3 · Cap the second requests

/** What the reader writes: an object that is told of each call, and asked before each second request. */
export interface SecondRequests {
  /** A call is made. */
  called(): void;
  /** May a second request be sent for it? */
  mayHedge(): boolean;
}

/** Makes one for a share: 0.05 allows five second requests for each hundred calls. */
export type MakeCap = (share: number) => SecondRequests;

/** Phases of calls: how many, and which share of them is late. */
type Phase = readonly [name: string, calls: number, lateShare: number];

const tryCap = async (make: MakeCap, share: number, phases: readonly Phase[], seed: number) => {
  const client = async (host: Host) => {
    const cap = make(share);
    const counts: { name: string; calls: number; late: number; hedged: number; longestRow: number }[] = [];
    for (const [name, calls, lateShare] of phases) {
      const count = { name, calls, late: 0, hedged: 0, longestRow: 0 };
      let inRow = 0;
      for (let i = 0; i < calls; i++) {
        await host.sleep(1);
        cap.called();
        if (host.random() >= lateShare) continue;
        count.late++;
        const isSent = cap.mayHedge();
        if (isSent) count.hedged++;
        inRow = isSent ? inRow + 1 : 0;
        count.longestRow = Math.max(count.longestRow, inRow);
      }
      host.log("phase", { ...count });
      counts.push(count);
    }
    return counts;
  };
  const run = await simulate(
    scenario({ hosts: { client: {} }, programs: { counts: on("client", client) }, limitMs: 100_000 }),
    { seed },
  );
  return { ...run, share };
};

type CapRun = Awaited<ReturnType<typeof tryCap>>;
const phasesOf = ({ results }: CapRun) => results.counts;

/** A bound for second requests. */
export const capHedges: ProgramExercise<MakeCap> = exercise({
  name: "02-cap",
  statement:
    "A cap: in the long run at most a share of calls is sent twice, a late call here and there always is, and no calm, however long, is saved up for a storm.",
  scenarios: {
    "a late call here and there": (make: MakeCap, seed) => tryCap(make, 0.05, [["calm", 2000, 0.01]], seed),
    "everything is late": (make: MakeCap, seed) => tryCap(make, 0.05, [["storm", 2000, 1]], seed),
    "a long calm, then a storm": (make: MakeCap, seed) =>
      tryCap(
        make,
        0.1,
        [
          ["calm", 5000, 0],
          ["storm", 300, 1],
        ],
        seed,
      ),
    "a storm, then a calm": (make: MakeCap, seed) =>
      tryCap(
        make,
        0.1,
        [
          ["storm", 500, 1],
          ["calm", 2000, 0.01],
        ],
        seed,
      ),
  },
  seeds: [1, 2],
  claims: {
    "in a storm no more than the share is sent twice, and twenty besides": (run) => {
      const over = phasesOf(run).find(({ name, calls, hedged }) => name === "storm" && hedged > run.share * calls + 20);
      return (
        over === undefined ||
        `in ${over.calls} calls, all of them late, ${over.hedged} second requests were sent; ${run.share * 100} % are allowed`
      );
    },
    "in a calm, nine of ten late calls are sent twice": (run) => {
      const under = phasesOf(run).find(({ name, late, hedged }) => name === "calm" && late > 0 && hedged < 0.9 * late);
      return under === undefined || `of ${under.late} late calls in the calm, only ${under.hedged} were sent twice`;
    },
    "a storm of some length still gets half of its share": (run) => {
      const under = phasesOf(run).find(
        ({ name, calls, hedged }) => name === "storm" && hedged < 0.5 * run.share * calls,
      );
      return (
        under === undefined ||
        `in ${under.calls} calls of a storm, ${under.hedged} second requests were sent; ${run.share * under.calls} are allowed`
      );
    },
  },
  mistakes: [
    {
      name: "no cap",
      recognise: ({ scenario, run }) =>
        scenario === "everything is late" &&
        run !== undefined &&
        phasesOf(run).some(({ late, hedged }) => hedged === late),
      hint: "Every late call was sent twice. When all are late, that is twice the load, for servers that are late already.",
    },
    {
      name: "saves up",
      recognise: ({ scenario, claim, run }) =>
        scenario === "a long calm, then a storm" &&
        claim.startsWith("in a storm") &&
        run !== undefined &&
        phasesOf(run).some(({ longestRow }) => longestRow > 50),
      hint: "The calm was long, and all that it did not use was spent in the first moments of the storm. Bound what may be saved.",
    },
    {
      name: "never fills up again",
      recognise: ({ scenario, claim }) =>
        (scenario === "everything is late" && claim.startsWith("a storm")) ||
        (scenario === "a storm, then a calm" && claim !== ""),
      hint: "After some second requests none was allowed any more, although calls went on. Each call must give something back.",
    },
    {
      name: "too careful",
      recognise: ({ claim }) => claim.startsWith("in a calm"),
      hint: "One call in a hundred is late, and five in a hundred may be sent twice: there is room for all of them. Begin with some to spend.",
    },
  ],
  hints: [
    "A bucket of tokens: each call puts `share` into it, each second request takes 1 out.",
    "How much is in the bucket at first, and how much at most? Ten is a good number for both.",
  ],
});

// 4 · A majority against a replica that is behind

/** What a replica replies. */
export interface Versioned {
  /** The value. */
  readonly value: string;
  /** Grows with each write. */
  readonly version: number;
}

/** What the reader writes: how many of n replies to wait for, and which of them to hand on. */
export interface ReadRule {
  /** How many replies are needed of n. */
  need(n: number): number;
  /** Which one the application gets; the replies stand in the order in which they came. */
  choose(replies: readonly Versioned[]): Versioned;
}

/** A replica: what it has, and how long it takes; Infinity if it is down. */
type ReplicaCase = readonly [version: number, delayMs: number];

const votesOf = (replies: readonly Versioned[], { version }: Versioned) =>
  replies.filter((each) => each.version === version).length;

const tryRule = async (rule: ReadRule, replicas: readonly ReplicaCase[], seed: number) => {
  const names = replicas.map((_, i) => `r${i + 1}`);
  const replica = async (host: Host, [version, delayMs]: ReplicaCase) => {
    for await (const connection of await host.listen(80)) {
      const answer = async (own: Host, asked: Connection) => {
        await asked.receive();
        await own.sleep(Number.isFinite(delayMs) ? delayMs * (1 + 0.1 * own.random()) : 1e6);
        await asked.send({ value: `value ${version}`, version });
      };
      host.spawn(answer, { as: "thread" }, connection);
    }
  };
  const client = async (host: Host) => {
    const replies = host.queue<Versioned>();
    const ask = async (own: Host, name: string) => {
      try {
        const connection = await own.connect(name, 80);
        await connection.send("read");
        replies.offer(await connection.receive());
      } catch (error) {
        if (!(error instanceof Cancelled)) throw error;
      }
    };
    const asked = names.map((name) => host.spawn(ask, { as: "thread" }, name));
    const need = rule.need(replicas.length);
    host.log("waits for", { need });
    const got: Versioned[] = [];
    while (got.length < need) got.push(await replies.take({ timeoutMs: 1000 }));
    // A program ends with its last thread: those who ask a replica that is down would wait for ever.
    for (const each of asked) each.cancel();
    const chosen = rule.choose(got);
    return { chosen, need, isQuickest: chosen === got[0] && 2 * votesOf(got, chosen) <= got.length };
  };
  const hosts: Record<string, object> = { client: {} };
  for (const name of names) hosts[name] = {};
  const run = await simulate(
    scenario({
      hosts,
      network: { latencyMs: 2 },
      programs: {
        replicas: names.map((name, i) => on(name, replica, replicas[i] as ReplicaCase).daemon()),
        read: on("client", client),
      },
      limitMs: 5000,
    }),
    { seed },
  );
  const acknowledged = Math.max(
    ...replicas
      .map(([version]) => version)
      .filter((version, _, all) => all.filter((each) => each >= version).length > replicas.length / 2),
  );
  return { ...run, acknowledged, replicas };
};

/** Reads that never give an old value, and need no more replicas than a majority. */
export const majorityRead: ProgramExercise<ReadRule> = exercise({
  name: "02-majority",
  statement:
    "How many replies of n to wait for, and which to hand on, so that a read never gives less than what a majority has, whoever is behind, and goes on while a minority is down.",
  scenarios: {
    "all have the same": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [1, 5],
          [1, 8],
          [1, 3],
        ],
        seed,
      ),
    "the quickest is behind": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [1, 1],
          [2, 8],
          [2, 9],
        ],
        seed,
      ),
    "the newest comes between others": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [2, 2],
          [3, 4],
          [2, 6],
          [3, 12],
          [3, 14],
        ],
        seed,
      ),
    "of five, the two quickest are behind": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [1, 1],
          [1, 2],
          [2, 8],
          [2, 9],
          [2, 10],
        ],
        seed,
      ),
    "one is down, and the last is the newest": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [3, Number.POSITIVE_INFINITY],
          [2, 2],
          [3, 9],
        ],
        seed,
      ),
    "two of five are down": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [2, 4],
          [2, Number.POSITIVE_INFINITY],
          [1, 2],
          [2, Number.POSITIVE_INFINITY],
          [1, 3],
        ],
        seed,
      ),
    "four, one is behind": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [4, 9],
          [3, 1],
          [4, 8],
          [4, 7],
        ],
        seed,
      ),
  },
  seeds: [1, 2, 3],
  claims: {
    "the read ends": (run) => run.outcomes.read.how === "returned" || `it is ${run.outcomes.read.how}`,
    "it gives what was written last": (run) => {
      const { chosen } = run.results.read;
      return (
        chosen?.version >= run.acknowledged ||
        `a majority has version ${run.acknowledged}; the read gave ${chosen?.version ?? "nothing"}`
      );
    },
    "it waits for no more than a majority": (run) => {
      const most = Math.floor(run.replicas.length / 2) + 1;
      return run.results.read.need <= most || `it waited for ${run.results.read.need} of ${run.replicas.length}`;
    },
  },
  mistakes: [
    {
      name: "waits for all",
      recognise: ({ claim, run }) =>
        claim !== "it gives what was written last" &&
        run?.rows.some(
          (row) => row.kind === "log" && row.event === "waits for" && row.fields.need === run.replicas.length,
        ) === true,
      hint: "You wait for all. Then one replica that is down holds up every read.",
    },
    {
      name: "waits for too few",
      recognise: ({ claim, run }) =>
        claim === "it gives what was written last" &&
        run !== undefined &&
        run.results.read.need <= run.replicas.length / 2,
      hint: "The replicas that you heard may all have missed the last write: it is sure only that a majority has it. How many must you hear to have one of these among them?",
    },
    {
      name: "hands on the first",
      recognise: ({ claim, run }) =>
        claim === "it gives what was written last" &&
        run?.outcomes.read.how === "returned" &&
        run.results.read.isQuickest,
      hint: "You heard enough replicas, and handed on the wrong reply: the quickest one is not the newest.",
    },
    {
      name: "lets them vote",
      recognise: ({ claim }) => claim === "it gives what was written last",
      hint: "Among the replies, those who are behind may be more. Not the most frequent reply counts, but …?",
    },
  ],
  hints: [
    "Two groups of more than half have a member in common. Which two groups are meant here?",
    "Of the replies, the one with the highest version has been written last.",
  ],
});
