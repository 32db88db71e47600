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
  const steps = JSON.parse((html.match(/const steps=(\[.*?\]);root/s) ?? [])[1] ?? "[]") as [string, string, number][];
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

test("lanes of a run show when each thread computed, one bar per compute", async () => {
  const figure = lanes(await run(2), { hosts: ["server"], waits: false });
  assert.equal(
    figure.rows.map((row) => [row.lane, row.kind, (row.endMs as number) - (row.startMs as number)]),
    Array.from({ length: 4 }, () => ["echo on server", "compute", 2]),
  );
});

test.run();
