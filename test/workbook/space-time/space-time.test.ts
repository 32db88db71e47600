import {
  type Host,
  jupyterDisplay,
  lanes,
  messages,
  on,
  ParameterError,
  scenario,
  simulate,
  spaceTime,
  type TraceRow,
  tableMime,
} from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

const echo = async (host: Host) => {
  for await (const connection of await host.listen(7))
    for await (const message of connection) {
      await host.compute(2);
      await connection.send(message);
    }
};
const ping = async (host: Host, count: number) => {
  const connection = await host.connect("server", 7);
  for (let i = 0; i < count; i++) {
    await connection.send(`ping <${i}>`);
    await connection.receive();
  }
  connection.end();
};
const run = (count: number, clients = ["ana", "bruno"]) =>
  simulate(
    scenario({
      hosts: { server: {}, ...Object.fromEntries(clients.map((name) => [name, {}])) } as Record<string, object>,
      network: { latencyMs: 1 },
      programs: { echo: on("server", echo).daemon(), pings: clients.map((name) => on(name, ping, count)) },
    }),
    { seed: 1 },
  );

/** Takes its clients one after the other, so that all but the first wait: until 35 and 55 ms, having arrived at 15. */
const iterative = async (host: Host) => {
  const listener = await host.listen(7);
  for (;;) {
    const connection = await listener.accept();
    const message = await connection.receive();
    await host.compute(20);
    await connection.send(message);
    connection.end();
  }
};
const queue = () =>
  simulate(
    scenario({
      hosts: { server: {}, ana: {}, bruno: {}, carla: {} },
      network: { latencyMs: 5 },
      programs: {
        server: on("server", iterative).daemon(),
        pings: [on("ana", ping, 1), on("bruno", ping, 1), on("carla", ping, 1)],
      },
    }),
    { seed: 1 },
  );
const stepsIn = (html: string) =>
  JSON.parse((html.match(/const steps=(\[.*?\]);root/s) ?? [])[1] ?? "[]") as [
    time: string,
    text: string,
    other: number,
  ][];
/** The numbers of a path of straight lines, as points. */
const pointsOf = (path: string) =>
  [...path.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
const flights = (html: string, kind: string) =>
  [...html.matchAll(new RegExp(`<g class="${kind}" .*?class="handoff-flight" d="([^"]*)"`, "g"))].map(([, d]) =>
    pointsOf(d ?? ""),
  );

test("an arrow ends when its message has come in; a dotted line goes on to when it is taken", async () => {
  const html = spaceTime(await queue()).html();
  const requests = flights(html, "handoff-message").slice(0, 3);
  const waits = flights(html, "handoff-message handoff-wait");
  assert.is(waits.length, 2);
  const bars = [...html.matchAll(/<rect x="[\d.]+" y="([\d.]+)" width="9" height="([\d.]+)"/g)].map(([, y, h]) => [
    Number(y),
    Number(y) + Number(h),
  ]);
  const arrivedY = requests[0]?.[1]?.[1] as number;
  for (const [, to] of requests) assert.is(to?.[1], arrivedY);
  for (const [i, wait] of waits.entries()) {
    assert.equal(wait[0], requests[i + 1]?.[1]);
    const takenY = wait.at(-1)?.[1] as number;
    assert.ok(Math.abs(takenY - (bars[i + 1]?.[0] as number)) < 2, "it is taken where the next bar begins");
    assert.ok(takenY > arrivedY + 20);
  }
  assert.is.not(waits[0]?.[1]?.[0], waits[1]?.[1]?.[0], "two waits stand beside each other");
  assert.match(html, "waits to be taken<");
  assert.not.match(spaceTime(await run(1, ["ana"])).html(), "waits to be taken");
});

test("the data say when each message had come in and when it was taken", async () => {
  const [, , third] = messages(await queue());
  assert.equal([third?.sentMs, third?.arrivedMs, third?.receivedMs], [10, 15, 55]);
  assert.equal(spaceTime(await queue()).rows[2]?.arrivedMs, 15);
});

test("a message that waited has three steps, and one jumps from each to the next", async () => {
  const steps = stepsIn(spaceTime(await queue()).html());
  const send = steps.findIndex(([, text]) => text.startsWith("pings[2] on carla sends"));
  const [, , arrival = -1] = steps[send] ?? [];
  const [, , receipt = -1] = steps[arrival] ?? [];
  assert.equal(steps[arrival]?.slice(0, 2), ["15 ms", '"ping <0>" from carla reaches server and waits to be taken']);
  assert.equal(steps[receipt]?.slice(0, 2), ["55 ms", 'server receives "ping <0>" from carla, which waited for 40 ms']);
  assert.is(steps[receipt]?.[2], send);
});

test("steps stand in the order in which things happened, a start before what it sends at the same time", async () => {
  const eager = async (host: Host) => {
    host.log("first");
    host.log("second");
  };
  const trace = await simulate(scenario({ hosts: { a: {} }, programs: { eager: on("a", eager) } }));
  assert.equal(
    stepsIn(spaceTime(trace).html()).map(([, text]) => text),
    ["eager on a starts", "eager on a logs first", "eager on a logs second", "eager on a returns"],
  );
});

test("a wait that begins or ends outside the times shown is cut there", async () => {
  const [from, to] = [20, 30];
  const html = spaceTime(await queue(), { fromMs: from, toMs: to }).html();
  assert.is(flights(html, "handoff-message").length, 0);
  const waits = flights(html, "handoff-message handoff-wait");
  assert.is(waits.length, 2);
  for (const wait of waits) assert.is(wait.length, 2);
});

test("bars of work that follow each other do not touch", async () => {
  for (const time of ["down", "right"] as const) {
    const html = spaceTime(await queue(), { time }).html();
    const rects = [...html.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)];
    const bars = rects.map(([, x, y, w, h]) => (time === "down" ? [Number(y), Number(h)] : [Number(x), Number(w)]));
    assert.is(bars.length, 3);
    for (const [i, [at = 0]] of bars.slice(1).entries())
      assert.ok(at - ((bars[i]?.[0] ?? 0) + (bars[i]?.[1] ?? 0)) >= 2, `${time}: bar ${i + 1} touches the next`);
  }
});

test("a lane is called by its host, with the process below; equal names by their pid", async () => {
  const names = (html: string) =>
    [...html.matchAll(/class="handoff-lane"><title>([^<]*)<.*?<\/g>/g)].map(([lane]) =>
      [...lane.matchAll(/>([^<>]+)<\/text>/g)].map(([, text]) => text),
    );
  assert.equal(names(spaceTime(await queue()).html()), [
    ["server"],
    ["ana", "pings[0]"],
    ["bruno", "pings[1]"],
    ["carla", "pings[2]"],
  ]);
  const twins = async (host: Host) => {
    for (let i = 0; i < 2; i++) await host.spawn(async () => {}, { as: "process", name: "child" }).done();
  };
  const trace = await simulate(scenario({ hosts: { a: {} }, programs: { twins: on("a", twins) } }));
  assert.equal(names(spaceTime(trace, { by: "process" }).html()), [
    ["a", "twins"],
    ["a", "child (pid 2)"],
    ["a", "child (pid 3)"],
  ]);
});

test("messages pair each send with its receipt, in the order of sending", async () => {
  const found = messages(await run(1, ["ana"]));
  assert.is(found.length, 2);
  const [request, reply] = found;
  assert.equal([request?.from, request?.to, request?.sentMs, request?.receivedMs], ["ana", "server", 2, 3]);
  assert.equal([reply?.from, reply?.to, reply?.sentMs, reply?.receivedMs], ["server", "ana", 5, 6]);
});

test("the diagram's data are the messages drawn, and the same run gives the same bytes", async () => {
  const [a, b] = [spaceTime(await run(3)), spaceTime(await run(3))];
  assert.is((a[jupyterDisplay]()[tableMime] as unknown[]).length, 12);
  assert.equal(a[jupyterDisplay](), b[jupyterDisplay]());
});

test("each message is one arrow that knows the steps of its send and its receipt", async () => {
  const html = spaceTime(await run(2, ["ana"])).html();
  const arrows = [...html.matchAll(/class="handoff-message" data-step="(\d+)" data-end="(\d+)"/g)];
  assert.is(arrows.length, 4);
  for (const [, from, to] of arrows) assert.ok(Number(from) < Number(to));
  const steps = stepsIn(html);
  for (const [, from, to] of arrows) {
    assert.match(steps[Number(from)]?.[1] ?? "", "sends");
    assert.is(steps[Number(from)]?.[2], Number(to));
    assert.match(steps[Number(to)]?.[1] ?? "", "receives");
    assert.is(steps[Number(to)]?.[2], Number(from));
  }
});

test("the script parses, and no message can end it", async () => {
  const html = spaceTime(await run(1, ["ana"])).html();
  const scripts = html.split("<script>").slice(1);
  assert.is(scripts.length, 1);
  const [body = "", after = ""] = (scripts[0] as string).split("</script>");
  assert.is(after, "</div>");
  assert.type(new Function(body), "function");
  assert.not.match(body, "<0>");
});

test("without scripts it is a drawing: the controls come with the script alone", async () => {
  const [markup = ""] = spaceTime(await run(1))
    .html()
    .split("<script>");
  assert.match(markup, "</svg>");
  assert.not.match(markup, "<button");
});

test("more messages than the limit are left out by number and time, in the caption", async () => {
  const figure = spaceTime(await run(30), { limit: 10 });
  assert.is(figure.rows.length, 10);
  assert.match(figure.caption, /Left out: 110 messages of 120, and all after [\d.]+ ms/);
});

test("chosen hosts only, in the order given, and the rest counted", async () => {
  const figure = spaceTime(await run(2), { hosts: ["bruno", "server"] });
  assert.is(figure.rows.length, 4);
  assert.match(figure.caption, "4 messages of other hosts");
  const html = figure.html();
  assert.ok(html.indexOf("pings[1] on") < html.indexOf("echo on"));
  assert.not.match(html, "ana");
});

test("40 messages between two hosts have 40 labels, none over another", async () => {
  const svg = spaceTime(await run(20, ["ana"])).svg();
  const labels = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" font-size="11" stroke=[^>]*>([^<]*)/g)];
  assert.is(labels.length, 40);
  const boxes = labels.map(([, x, y, text]) => ({ x: Number(x), y: Number(y), half: (text?.length ?? 0) * 2.5 }));
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      assert.ok(Math.abs(a.y - b.y) >= 11 || Math.abs(a.x - b.x) >= a.half + b.half, `${i} touches another`);
    }
  }
});

test("nothing is drawn outside the drawing, whichever way time runs", async () => {
  for (const time of ["down", "right"] as const) {
    for (const scale of ["time", "order"] as const) {
      const svg = spaceTime(await run(5), { time, scale }).html();
      const [, width, height] = svg.match(/viewBox="0 0 ([\d.]+) ([\d.]+)"/) ?? [];
      for (const [, x, y] of svg.matchAll(/\s(?:d="M|cx=")(-?[\d.]+)[,"](?: cy=")?(-?[\d.]+)/g)) {
        assert.ok(Number(x) >= -1 && Number(x) <= Number(width) + 1, `x ${x} of ${width}`);
        assert.ok(Number(y) >= -9 && Number(y) <= Number(height) + 1, `y ${y} of ${height}`);
      }
    }
  }
});

test("a message that nobody takes is drawn dashed and has no receipt", () => {
  const base = { host: "a", process: "p", pid: 1, thread: "p" };
  const rows: TraceRow[] = [
    { kind: "start", timeMs: 0, ...base, as: "process", parent: 0 },
    {
      kind: "send",
      timeMs: 1,
      ...base,
      connection: "c",
      direction: "out",
      sequence: 1,
      bytes: 9,
      peer: "b",
      message: "lost",
    },
  ];
  const figure = spaceTime(rows);
  assert.match(figure.html(), "stroke-dasharray");
  assert.is(figure.rows[0]?.receivedMs, undefined);
});

test("an empty trace gives an empty diagram, not an error", () => {
  assert.match(spaceTime([]).alt, "0 messages");
});

test("a trace of 400,000 rows is drawn, not a stack overflow", () => {
  const base = { host: "a", process: "p", pid: 1, thread: "p" };
  const rows = Array.from(
    { length: 400_000 },
    (_v, i): TraceRow => ({ kind: "log", timeMs: i, ...base, event: "e", fields: {} }),
  );
  assert.match(spaceTime(rows).caption, "399800 of 400000 marks");
  assert.is(lanes(rows).rows.length, 0);
});

test("unknown hosts, wrong options and things that are no run are refused by name", async () => {
  const some = await run(1);
  const refused = (f: () => unknown, message: RegExp) =>
    assert.throws(f, (error: Error) => error instanceof ParameterError && message.test(error.message));
  refused(
    () => spaceTime(some, { hosts: ["carla"] }),
    /^spaceTime: hosts must be hosts of the run: server, ana, bruno, got "carla"/,
  );
  refused(() => spaceTime(some, { time: "up" as "down" }), /^spaceTime: time must be one of down, right/);
  refused(() => spaceTime(some, { limit: 0 }), /^spaceTime: limit/);
  refused(() => spaceTime({} as never), /^spaceTime: run must be a run or its trace rows/);
});

test("a wait in a lane ends where the work begins for which it waited", async () => {
  const rows = lanes(await queue(), { hosts: ["server"] }).rows.filter((row) => row.kind === "wait");
  assert.equal(
    rows.map((row) => [row.startMs, row.endMs]),
    [
      [0, 5],
      [5, 15],
      [75, 80],
    ],
  );
});

test("lanes of a run show when each thread computed, one bar per compute", async () => {
  const figure = lanes(await run(2), { hosts: ["server"], waits: false });
  assert.equal(
    figure.rows.map((row) => [row.lane, row.kind, (row.endMs as number) - (row.startMs as number)]),
    Array.from({ length: 4 }, () => ["echo on server", "compute", 2]),
  );
});

test("what was logged stands beside its mark only if it is to be named, and no message's text lies on it", async () => {
  const says = async (host: Host, peer: string) => {
    const listener = await host.listen(7);
    await host.sleep(1);
    const connection = await host.connect(peer, 7);
    await host.sleepUntil(10);
    host.log(`${host.name} <writes>`);
    await connection.send("to the other");
    await (await listener.accept()).receive();
    host.log("has it");
  };
  const told = await simulate(
    scenario({
      hosts: { ana: {}, bruno: {} },
      network: { latencyMs: 4 },
      programs: { ana: on("ana", says, "bruno"), bruno: on("bruno", says, "ana") },
    }),
  );
  const drawn = (logs: boolean | "named") =>
    String(spaceTime(told, { logs, by: "host" })[jupyterDisplay]()["text/html"]).replace(/<title>[^<]*<\/title>/g, "");
  const texts = (html: string) =>
    [...html.matchAll(/<text x="([\d.]+)" y="([\d.]+)" font-size="11"[^>]*>([^<]*)</g)].map(([, x, y, text]) => ({
      x: Number(x),
      y: Number(y),
      text: text ?? "",
    }));
  const logged = (html: string) => texts(html).filter(({ text }) => /writes|has it/.test(text));
  assert.equal(logged(drawn(true)), []);
  const named = texts(drawn("named"));
  assert.equal(
    logged(drawn("named")).map(({ text }) => text),
    ["ana &#60;writes&#62;", "bruno &#60;writes&#62;", "has it", "has it"],
  );
  const messagesDrawn = named.filter(({ text }) => text.includes("to the other"));
  assert.ok(messagesDrawn.length > 0);
  for (const { x, y } of messagesDrawn)
    for (const log of logged(drawn("named")))
      assert.ok(Math.abs(log.y - y) >= 10 || Math.abs(log.x - x) >= 40, `${x} ${y}`);
});

/** Datagrams 1 to 5, of which a server that is busy until 30 ms takes what it can. */
const datagrams = (network: object) => {
  const server = async (host: Host) => {
    const open = await host.datagrams(7);
    await host.sleep(30);
    for (;;) await open.receive();
  };
  const client = async (host: Host) => {
    const open = await host.datagrams();
    for (let i = 1; i <= 5; i++) {
      await open.send({ host: "server", port: i === 5 ? 9 : 7 }, i);
      await host.sleep(10);
    }
  };
  const plan = scenario({
    hosts: { client: {}, server: {} },
    network: { latencyMs: 4, ...network },
    faults: [
      { kind: "cut", between: ["client", "server"], atMs: 12 },
      { kind: "heal", between: ["client", "server"], atMs: 20 },
    ],
    programs: { server: on("server", server).daemon(), client: on("client", client) },
  });
  return simulate(plan, { seed: 1 });
};

test("a datagram that is lost ends in a cross: at once, at the cut, or at the machine that has no use for it", async () => {
  const html = spaceTime(await datagrams({})).html();
  const crossed = [...html.matchAll(/<title>([^<]*lost[^<]*)<\/title>.*?class="handoff-flight" d="([^"]*)".*?<\/g>/g)];
  const heads = crossed.map(([whole, , d]) => [pointsOf(d ?? "").length, /M[^"]*l8,8m0,-8l-8,8/.test(whole ?? "")]);
  assert.equal(heads, [
    [2, true],
    [2, true],
  ]);
  const lanes = [...new Set(flights(html, "handoff-message").map(([from]) => from?.[0]))];
  const [cut, closed] = crossed.map(([, , d]) => pointsOf(d ?? "")[1]);
  assert.is(lanes.length, 1, "all come from the client");
  const farMs = (point: readonly number[] | undefined) => Math.abs((point?.[0] ?? 0) - (lanes[0] ?? 0));
  assert.ok(Math.abs(farMs(cut) / farMs(closed) - 0.6) < 0.01, "the cut is on the way");
  const texts = stepsIn(html).map(([time, text]) => `${time} ${text}`);
  assert.ok(texts.includes("14 ms datagram 2 to server:7 is lost: the way is cut"), texts.join("\n"));
  assert.ok(texts.includes("44 ms datagram 5 to server:9 is lost: no port is open there"));
  assert.ok(texts.includes("30 ms server receives datagram 1 from client:49152, which waited for 26 ms"));
});

test("a datagram that the network loses is lost where it is sent", async () => {
  const html = spaceTime(await datagrams({ datagrams: { loss: 1 } })).html();
  assert.is((html.match(/lost [\d.]+ ms \(loss\)/g) ?? []).length, 5);
  assert.ok(
    stepsIn(html).some(
      ([time, text]) => `${time} ${text}` === "0 ms datagram 1 to server:7 is lost: the network loses it",
    ),
  );
});

test("a datagram that comes twice has two arrows from one send, and the data say which is the duplicate", async () => {
  const run = await datagrams({ datagrams: { duplicates: 1, jitterMs: 3 } });
  const html = spaceTime(run).html();
  const first = flights(html, "handoff-message").slice(0, 2);
  assert.equal(first[0]?.[0], first[1]?.[0], "they begin at one point");
  assert.not.equal(first[0]?.[1], first[1]?.[1]);
  assert.is(stepsIn(html).filter(([, text]) => text.startsWith("client sends datagram 1 ")).length, 1);
  const own = messages(run).filter(({ message }) => message === "1");
  assert.equal(own.map(({ copy }) => copy).sort(), [2, undefined]);
  assert.equal(own.map(({ connection, direction, sequence, lost }) => [connection, direction, sequence, lost])[0], [
    "client:49152>server:7",
    "out",
    1,
    undefined,
  ]);
  assert.equal([...new Set(messages(run).map(({ lost }) => lost))].sort(), ["closed port", "cut", undefined]);
});

test.run();
