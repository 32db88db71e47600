/** The exercises of notebook 02: a filter of duplicates, a move, a bound for second requests, a majority. */
import { majorityOf } from "../transparency/index.js";
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
  type TraceRow,
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

/** What a call is called where it is spoken of; `a` with 11 and `a1` with 1 are two. */
const nameOf = (client: string, number: number) => `${client}'s call ${number}`;

/** A server that takes 20 ms for a call, and a thread for each copy. */
const filteringServer = async (host: Host, make: MakeFilter, executed: string[]) => {
  const filter = make();
  const answer = async (own: Host, connection: Connection) => {
    const call: NumberedCall = await connection.receive();
    const reply = await filter(call, async () => {
      await own.sleep(20);
      executed.push(nameOf(call.client, call.number));
      return `reply to ${nameOf(call.client, call.number)}`;
    });
    await connection.send(reply ?? "nothing");
    connection.end();
  };
  for await (const connection of await host.listen(80)) host.spawn(answer, { as: "thread" }, connection);
};

/** Sends copies over connections of their own, as a client does that has given up an earlier one. */
const sendCopies = async (host: Host, copies: readonly Copy[]) => {
  const replies: { call: string; reply: string }[] = [];
  const sendOne = async (own: Host, [, client, number]: Copy) => {
    const connection = await own.connect("server", 80);
    await connection.send({ client, number });
    replies.push({ call: nameOf(client, number), reply: await connection.receive({ timeoutMs: 500 }) });
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
  const calls = [...new Set(copies.map(([, client, number]) => nameOf(client, number)))];
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
          [80, "a", 2],
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
    "names and numbers that read the same side by side": (make: MakeFilter, seed) =>
      tryFilter(
        make,
        [
          [0, "a", 11],
          [60, "a1", 1],
        ],
        seed,
      ),
    "a copy comes after thirty other calls": (make: MakeFilter, seed) =>
      tryFilter(make, [...Array.from({ length: 31 }, (_, i): Copy => [30 * i, "a", i + 1]), [31 * 30, "a", 1]], seed),
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
      const wrong = replies.find(({ call, reply }) => reply !== `reply to ${call}`);
      if (wrong !== undefined) return `a copy of ${wrong.call} got "${wrong.reply}"`;
      return replies.length === run.copies.length || `${run.copies.length - replies.length} copies got no reply`;
    },
  },
  mistakes: [
    {
      name: "memory outside the filter",
      recognise: ({ run }) =>
        run!.executed.length === 0 && run!.results.replies.some(({ reply }) => /^reply to/.test(reply)),
      hint: "A call got its reply before it was ever executed: the filter of an earlier run has left it. What a filter remembers is made inside the function that makes it.",
    },
    {
      name: "executes nothing",
      recognise: ({ claim, run }) => claim === "every call is executed" && run!.executed.length === 0,
      hint: "No call was executed. A call of which nothing is known yet needs `execute()`.",
    },
    {
      name: "one reply for all calls",
      recognise: ({ scenario, claim }) => scenario === "no copies" && claim === "every call is executed",
      hint: "There were two calls, no copies, and one execution. What tells one call of a client from its next?",
    },
    {
      name: "remembers nothing",
      recognise: ({ scenario, claim }) => scenario === "a copy afterwards" && claim === "none is executed twice",
      hint: "The first call had long been executed when its copy came, and the copy was executed, too. What do you still know of a call when it has its reply?",
    },
    {
      name: "a name and a number run together",
      recognise: ({ scenario, claim }) =>
        scenario === "names and numbers that read the same side by side" && claim === "every call is executed",
      hint: "Call 11 of client `a` and call 1 of client `a1` are two calls. What do they look like as a key?",
    },
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
      name: "forgets too soon",
      recognise: ({ scenario, claim }) =>
        scenario === "a copy comes after thirty other calls" && claim === "none is executed twice",
      hint: "You keep some calls and forget the oldest. A copy may be late by any number of calls, and then it is executed again.",
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
      name: "no reply at all",
      recognise: ({ claim, run }) =>
        claim === "every copy gets the reply of its own call" &&
        run!.results.replies.every(({ reply }) => !/^reply to/.test(reply)),
      hint: "The call was executed, and its caller got no reply. What `execute` gives is the reply: hand it on.",
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
  /** From now on this site executes nothing, and passes calls on to the target. */
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
    let underWay = 0;
    /** A step, which tells if the one before has not ended. */
    const step =
      <T>(take: () => Promise<T>) =>
      async () => {
        if (underWay > 0) host.log("two steps at once");
        underWay++;
        try {
          return await take();
        } finally {
          underWay--;
        }
      };
    const steps: MoveSteps = {
      hold: step(async () => {
        if (!held) await mutex.lock();
        held = true;
        host.log("holds calls");
      }),
      release: step(async () => {
        if (held) mutex.unlock();
        held = false;
        host.log("releases calls");
        await host.sleep(1);
      }),
      sendState: step(async () => {
        const entries = [...sites.source.entries];
        host.log("sends state", { entries: entries.length });
        await host.sleep(10);
        if (targetIsDown) return false;
        sites.target.entries = entries;
        return true;
      }),
      setHome: step(async () => {
        await host.sleep(4);
        if (!homeRefuses) sites.target.isHolder = true;
        host.log(homeRefuses ? "home refuses" : "home says target");
        return !homeRefuses;
      }),
      becomePointer: step(async () => {
        await host.sleep(2);
        sites.source.isPointer = true;
        sites.source.isHolder = false;
        host.log("is a pointer");
      }),
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
      // A site that does not hold the service has nothing to execute it on.
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

const hasLogged = (run: { readonly rows: readonly TraceRow[] } | undefined, event: string) =>
  run?.rows.some((row) => row.kind === "log" && row.event === event) === true;

/** A move that loses no call, and ends with one holder. */
export const losslessMove: ProgramExercise<MoveProgram> = exercise({
  name: "02-move",
  statement:
    "A move, in steps, during which no call is lost, and after which one site holds the service: the one that the home says.",
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
      if (holders.length !== 1) return holders.length === 0 ? "no site holds it" : `${holders.join(" and ")} hold it`;
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
      name: "does not wait for a step",
      recognise: ({ run }) => hasLogged(run, "two steps at once"),
      hint: "A step was begun before the one before it had ended. Each of the five takes time, and gives a promise.",
    },
    {
      name: "does not move",
      recognise: ({ claim }) => claim === "it moves when nothing is in the way",
      hint: "Nothing was in the way, and the service is where it was. It has moved when the home says so: `setHome`.",
    },
    {
      name: "does not let calls go on",
      recognise: ({ claim, run }) =>
        claim === "every call is answered" && hasLogged(run, "holds calls") && !hasLogged(run, "releases calls"),
      hint: "Calls that wait, wait until you `release` them: also when the move was given up.",
    },
    {
      name: "sends no state",
      recognise: ({ claim, run }) =>
        claim !== "" &&
        !hasLogged(run, "sends state") &&
        (hasLogged(run, "home says target") || hasLogged(run, "is a pointer")),
      hint: "The service is to begin at the target, and nobody has sent what it knows: `sendState`.",
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
  /** Of calls that are all late, the share that is sent twice once what was saved at first is spent. */
  const inLongRun = (given: number) => {
    const cap = make(given);
    const sent = Array.from({ length: 4000 }, () => {
      cap.called();
      return cap.mayHedge();
    });
    return sent.slice(2000).filter(Boolean).length / 2000;
  };
  return { ...run, share, inLongRun };
};

type CapRun = Awaited<ReturnType<typeof tryCap>>;
const phasesOf = ({ results }: CapRun) => results.counts;
const longestRowOf = (run: CapRun) => Math.max(...phasesOf(run).map(({ longestRow }) => longestRow));

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
        0.25,
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
      name: "does not look at the share",
      recognise: ({ run }) => run!.inLongRun(0.05) > 0 && run!.inLongRun(0.05) === run!.inLongRun(0.25),
      hint: "Whatever share was asked for, the same part of late calls was sent twice. Your function gets `share`.",
    },
    {
      name: "saves up",
      recognise: ({ scenario, claim, run }) =>
        scenario === "a long calm, then a storm" && claim.startsWith("in a storm") && longestRowOf(run!) > 200,
      hint: "The calm was long, and all that it did not use was spent in the first moments of the storm. Bound what may be saved.",
    },
    {
      name: "saves too much",
      recognise: ({ claim, run }) => claim.startsWith("in a storm") && longestRowOf(run!) > 20,
      hint: "At the beginning of the storm more than twenty were sent twice, one after the other. You bound what is saved, but how much is it?",
    },
    {
      name: "more than its share",
      recognise: ({ claim, run }) => claim.startsWith("in a storm") && run!.inLongRun(run!.share) > 1.05 * run!.share,
      hint: "In the long run more than the share of the calls is sent twice. How much may each call add, and how much must a second request cost?",
    },
    {
      name: "never fills up again",
      recognise: ({ claim, run }) =>
        claim !== "" && run!.inLongRun(run!.share) === 0 && phasesOf(run!).some(({ hedged }) => hedged > 0),
      hint: "After some second requests none was allowed any more, although calls went on. Each call must give something back.",
    },
    {
      name: "less than its share",
      recognise: ({ claim, run }) => claim.startsWith("a storm") && run!.inLongRun(run!.share) > 0,
      hint: "In a storm less than half of the share was sent twice. How much may each call add?",
    },
    {
      name: "too careful",
      recognise: ({ claim }) => claim.startsWith("in a calm"),
      hint: "One call in a hundred is late, and five in a hundred may be sent twice: there is room for all of them, also for two that come close together. Begin with some to spend, and let a few be saved.",
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

const reply = (version: number): Versioned => ({ value: `value ${version}`, version });

const tryRule = async (rule: ReadRule, replicas: readonly ReplicaCase[], seed: number) => {
  const names = replicas.map((_, i) => `r${i + 1}`);
  const replica = async (host: Host, [version, delayMs]: ReplicaCase) => {
    for await (const connection of await host.listen(80)) {
      const answer = async (own: Host, asked: Connection) => {
        await asked.receive();
        await own.sleep(Number.isFinite(delayMs) ? delayMs * (1 + 0.1 * own.random()) : 1e6);
        await asked.send(reply(version));
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
    // A copy of the list: who sorts it in place shall not change who came first.
    const chosen = rule.choose([...got]);
    return { chosen, need, got };
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
  return {
    ...run,
    acknowledged,
    replicas,
    needOf: (n: number) => rule.need(n),
    fromList: () => rule.choose(seven.map(reply)).version,
  };
};

/** Versions of which each way to choose takes another: the first, as texts, the newest, by votes, the oldest, the last. */
const seven = [4, 9, 10, 2, 2, 0, 5];

type RuleRun = Awaited<ReturnType<typeof tryRule>>;

const isSameReply = (a: Versioned | undefined, b: Versioned | undefined) =>
  a !== undefined && a?.value === b?.value && a?.version === b?.version;

/** Whether enough replicas were heard, and the reply handed on is too old. */
const choseOld = (claim: string, run: RuleRun | undefined) =>
  claim === "it gives what was written last" &&
  run?.outcomes.read.how === "returned" &&
  run.results.read.got.some(({ version }) => version >= run.acknowledged);

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
    "the ninth write between others of the tenth": (rule: ReadRule, seed) =>
      tryRule(
        rule,
        [
          [10, 2],
          [9, 4],
          [10, 6],
          [10, 12],
          [10, 14],
        ],
        seed,
      ),
  },
  seeds: [1, 2, 3],
  claims: {
    "the read ends": (run) => run.outcomes.read.how === "returned" || `it is ${run.outcomes.read.how}`,
    "it gives what was written last": (run) => {
      const { chosen, got } = run.results.read;
      if (chosen !== undefined && !got.some((reply) => isSameReply(reply, chosen)))
        return `it gave ${JSON.stringify(chosen)}, which no replica replied`;
      return (
        chosen?.version >= run.acknowledged ||
        `a majority has version ${run.acknowledged}; the read gave ${chosen?.version ?? "nothing"}`
      );
    },
    "it waits for no more than a majority": (run) => {
      const most = majorityOf(run.replicas.length);
      return run.results.read.need <= most || `it waited for ${run.results.read.need} of ${run.replicas.length}`;
    },
  },
  mistakes: [
    {
      name: "not a whole number",
      recognise: ({ run }) => [3, 4, 5].some((n) => !Number.isInteger(run!.needOf(n))),
      hint: "`need` gave a number of replies that is no whole number. Nobody can send half a reply: which way do you round?",
    },
    {
      name: "the same number for every n",
      recognise: ({ run }) =>
        run!.needOf(3) > 1 && run!.needOf(3) === run!.needOf(5) && run!.needOf(5) === run!.needOf(9),
      hint: "You wait for the same number of replies, however many replicas there are. What is enough of three is too few of nine, or what is enough of nine too many of three.",
    },
    {
      name: "waits for all",
      recognise: ({ claim, run }) => claim !== "it gives what was written last" && run!.needOf(5) === 5,
      hint: "You wait for all. Then one replica that is down holds up every read.",
    },
    {
      name: "waits for too many",
      recognise: ({ claim, run }) =>
        claim !== "it gives what was written last" &&
        run!.needOf(run!.replicas.length) > majorityOf(run!.replicas.length),
      hint: "You wait for more than a majority. If as many replicas are down as a majority can do without, the read does not end.",
    },
    {
      name: "waits for none",
      recognise: ({ run }) => run!.needOf(3) < 1,
      hint: "`need` says that no reply is needed. Then there is nothing to hand on.",
    },
    {
      name: "waits for too few",
      recognise: ({ claim, run }) =>
        claim === "it gives what was written last" &&
        run!.results.read.need <= run!.replicas.length / 2 &&
        !choseOld(claim, run),
      hint: "The replicas that you heard may all have missed the last write: it is sure only that a majority has it. How many must you hear to have one of these among them?",
    },
    {
      name: "makes up a reply",
      recognise: ({ claim, detail }) => claim === "it gives what was written last" && /no replica replied/.test(detail),
      hint: "`choose` hands on one of the replies as it came, with its value and its version.",
    },
    {
      name: "hands on nothing",
      recognise: ({ claim, run }) => choseOld(claim, run) && run!.results.read.chosen === undefined,
      hint: "`choose` gave nothing back. Does it return one of the replies in every case?",
    },
    {
      name: "compares texts",
      recognise: ({ claim, run }) => choseOld(claim, run) && run!.fromList() === 9,
      hint: 'The tenth write is newer than the ninth, but "10" stands before "9" where texts are sorted. Which field of a reply is a number?',
    },
    {
      name: "hands on the first",
      recognise: ({ claim, run }) => choseOld(claim, run) && run!.fromList() === 4,
      hint: "You heard enough replicas, and handed on the wrong reply: the quickest one is not the newest.",
    },
    {
      name: "hands on the last",
      recognise: ({ claim, run }) => choseOld(claim, run) && run!.fromList() === 5,
      hint: "You heard enough replicas, and handed on the wrong reply: what comes last need not have been written last.",
    },
    {
      name: "lets them vote",
      recognise: ({ claim, run }) => choseOld(claim, run) && run!.fromList() === 2,
      hint: "Among the replies, those who are behind may be more. Not the most frequent reply counts, but …?",
    },
    {
      name: "hands on an old one",
      recognise: ({ claim, run }) => choseOld(claim, run),
      hint: "You heard enough replicas: one of them had the last write, and another reply was handed on. Which field says what was written later?",
    },
  ],
  hints: [
    "Two groups of more than half have a member in common. Which two groups are meant here?",
    "Of the replies, the one with the highest version has been written last.",
  ],
});
