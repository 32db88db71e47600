import fc from "fast-check";
import {
  type InetdConf,
  type InetdService,
  inetdServicePorts,
  portsByName,
  readInetdConf,
  readServices,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { soaked } from "../soak.js";

const test = suite("inetd.conf");

const read = (text: string, user = "ana", ports = {}): InetdConf => readInetdConf(text, { user, ports });
const problemsOf = (text: string, user?: string): string[] =>
  read(text, user).problems.map(({ line, field, problem }) => `${line}: ${field} ${problem}`);
/** The services of a text without problems. */
function servicesOf(text: string, user?: string, ports?: Record<string, number>): readonly InetdService[] {
  const { services, problems } = read(text, user, ports);
  assert.equal(problems, []);
  return services;
}

test("a line's seven fields become one service", () => {
  assert.equal(servicesOf("telnet\tstream  tcp nowait ana /usr/sbin/telnetd telnetd -a off"), [
    {
      line: 1,
      service: "telnet",
      host: "*",
      port: 23,
      socketType: "stream",
      protocol: "tcp",
      wait: false,
      maxPerMinute: 256,
      user: "ana",
      group: undefined,
      program: "/usr/sbin/telnetd",
      args: ["telnetd", "-a", "off"],
    },
  ]);
});

test("comments and empty lines are no services, and lines are counted with them", () => {
  const [only] = servicesOf("# a comment\n\n   \n7 stream tcp nowait ana /bin/cat cat\n#7 stream tcp\n");
  assert.is(only?.line, 4);
});

test("a line that begins with a blank goes on with the line above, also behind a comment", () => {
  const [only] = servicesOf("7 stream tcp\n# between\n  nowait ana /bin/sh sh\n\t-c true\r\n");
  assert.equal([only?.line, only?.args], [1, ["sh", "-c", "true"]]);
});

test("addresses before a colon hold for their line, alone for the lines below", () => {
  const text = `127.0.0.1,localhost:7 stream tcp nowait ana /bin/cat cat
[::1]:7 stream tcp6 nowait ana /bin/cat cat
127.0.0.2:
7 stream tcp nowait ana /bin/cat cat
*:9 stream tcp nowait ana /bin/cat cat
*:
7 stream tcp nowait ana /bin/cat cat`;
  assert.equal(
    servicesOf(text).map(({ line, host }) => `${line} ${host}`),
    ["1 127.0.0.1", "1 localhost", "2 [::1]", "4 127.0.0.2", "5 *", "7 *"],
  );
});

test("wait, nowait and their limits", () => {
  const waits = ["wait", "nowait", "wait.3", "nowait.400"].map((field, i) => {
    const [service] = servicesOf(`${i + 1} dgram udp ${field} ana /bin/cat cat`);
    return [service?.wait, service?.maxPerMinute];
  });
  assert.equal(waits, [
    [true, 256],
    [false, 256],
    [true, 3],
    [false, 400],
  ]);
});

test("a service is a number, a well-known name, or a name that the caller adds", () => {
  const line = (service: string): string => `${service} stream tcp nowait ana /bin/cat cat`;
  assert.is(servicesOf(line("65535"))[0]?.port, 65_535);
  for (const [name, port] of Object.entries(inetdServicePorts)) assert.is(servicesOf(line(name))[0]?.port, port);
  assert.is(servicesOf(line("mine"), "ana", { mine: 4711 })[0]?.port, 4711);
  assert.equal(problemsOf(line("constructor")).length, 1);
});

test("internal services need no arguments, and are tcp and nowait", () => {
  for (const name of ["echo", "discard", "chargen", "daytime", "time"]) {
    const [service] = servicesOf(`${name} stream tcp nowait ana internal`);
    assert.equal([service?.program, service?.args], ["internal", []]);
  }
  for (const line of ["echo dgram udp wait", "ftp stream tcp nowait", "7 stream tcp nowait", "echo stream tcp wait"])
    assert.equal(problemsOf(`${line} ana internal`), [
      "1: program internal is for echo, discard, chargen, daytime, time with stream and nowait",
    ]);
});

test("only root may name another user or a group", () => {
  const line = (owner: string): string => `7 stream tcp nowait ${owner} /bin/cat cat`;
  assert.equal(problemsOf(line("root")), [
    '1: user must be ana, who runs this: only root may start programs as another, got "root"',
  ]);
  assert.equal(problemsOf(line("ana:staff")), ['1: user must have no group: only root may choose it, got "staff"']);
  for (const owner of ["nobody:nogroup", "nobody.nogroup"]) {
    const [service] = servicesOf(line(owner), "root");
    assert.equal([service?.user, service?.group], ["nobody", "nogroup"]);
  }
});

test("every bad line is named, with every field that is wrong, and the good lines are read all the same", () => {
  const many = Array.from({ length: 21 }, (_, i) => `a${i}`).join(" ");
  const text = `nosuch stream tcp nowait ana /bin/cat cat
7 stream tcp nowait ana /bin/cat cat
70000 raw icmp sometimes a:b:c cat
0 stream udp nowait.0 ana /bin/cat
7 stream tcp
7 dgram tcp nowait ana /bin/cat cat
rusers/1-3 dgram rpc/udp wait ana /bin/cat cat
:7 stream tcp nowait ana /bin/cat cat
,:
9 stream tcp nowait ana /bin/cat ${many}
*:7 stream tcp4 nowait ana /bin/cat cat
7 stream tcp nowait ana /bin/c\0at cat`;
  assert.equal(problemsOf(text), [
    '1: service must be a port number or a known name, got "nosuch"',
    "3: service must be a port from 1 to 65535, got 70000",
    '3: socket type must be stream or dgram, got "raw"',
    '3: protocol must be tcp or udp, with 4 or 6 if wanted, got "icmp"',
    '3: wait must be wait or nowait, with .max if wanted, got "sometimes"',
    '3: user must be a user, with :group if wanted, got "a:b:c"',
    '3: program must be a path from the root, or internal, got "cat"',
    "4: service must be a port from 1 to 65535, got 0",
    '4: protocol must be tcp for stream, got "udp"',
    "4: wait must allow at least 1 start a minute, got 0",
    "5: wait is missing",
    "5: user is missing",
    "5: program is missing",
    '6: protocol must be udp for dgram, got "tcp"',
    '7: service must not be one of RPC or a path, got "rusers/1-3"',
    '7: protocol must be tcp or udp, with 4 or 6 if wanted, got "rpc/udp"',
    '8: service wants 1 to 16 addresses before the colon, got ":7"',
    '9: service wants 1 to 16 addresses before the colon, got ",:"',
    "10: arguments must be at most 20, got 21",
    '11: service "7" is offered on line 2',
    '12: program must be a path from the root, or internal, got "/bin/c\\u0000at"',
  ]);
  assert.equal(
    read(text).services.map(({ line }) => line),
    [2],
  );
});

test("a program without arguments gets its own name, as inetd gives it", () => {
  assert.equal(servicesOf("7 stream tcp nowait ana /usr/bin/cat")[0]?.args, ["cat"]);
});

test("a service may have a line for each version of IP, and two lines for one are named", () => {
  const both = "7 stream tcp nowait ana /bin/cat cat\n7 stream tcp6 nowait ana /bin/cat cat";
  assert.equal(
    servicesOf(both).map(({ protocol }) => protocol),
    ["tcp", "tcp6"],
  );
  assert.equal(servicesOf(both.replace("tcp ", "tcp4 ")).length, 2);
  assert.equal(problemsOf(both.replace("tcp6", "tcp4")), ['2: service "7" is offered on line 1']);
  assert.equal(problemsOf("7 dgram udp6 wait ana /bin/cat cat\n7 dgram udp6 wait ana /bin/cat cat"), [
    '2: service "7" is offered on line 1',
  ]);
});

test("nowait takes NetBSD's limit, and FreeBSD's with a remark that it is not kept", () => {
  const line = (wait: string): string => `7 stream tcp ${wait} ana /bin/cat cat`;
  assert.is(servicesOf(line("nowait:600"))[0]?.maxPerMinute, 600);
  for (const wait of ["nowait/3", "nowait/3/10", "nowait/3/10/2"]) {
    const { services, problems, remarks } = read(line(wait));
    assert.equal([services[0]?.wait, services[0]?.maxPerMinute, problems], [false, 256, []]);
    assert.equal(remarks, [
      {
        line: 1,
        field: "wait",
        problem: `${wait.slice(6)}: FreeBSD's limits are not kept; .max limits the starts a minute`,
      },
    ]);
  }
  assert.is(servicesOf("7 dgram udp wait/1 ana /bin/cat cat")[0]?.wait, true);
  for (const wait of ["nowait/", "nowait/a", "nowait.3/4", "nowait/1/2/3/4", "nowait:", "nowaits"])
    assert.is(problemsOf(line(wait)).length, 1, wait);
});

test("sizes of socket buffers are taken with a remark, and wrong ones are named", () => {
  const { services, remarks } = read("7 stream tcp,rcvbuf=64k,sndbuf=1m nowait ana /bin/cat cat");
  assert.is(services[0]?.protocol, "tcp");
  assert.is(remarks[0]?.problem, "rcvbuf=64k,sndbuf=1m: sizes of buffers are not set here");
  for (const sizes of ["rcvbuf", "rcvbuf=", "window=3", "rcvbuf=1,sndbuf=2,rcvbuf=3", "rcvbuf=-1"])
    assert.is(problemsOf(`7 stream tcp,${sizes} nowait ana /bin/cat cat`).length, 1, sizes);
});

test("a user may have dots: the whole is tried first, then a user and a group", () => {
  const known = ["www.data", "john", "ana.maria"];
  const ownerOf = (owner: string, user = "root"): unknown[] => {
    const isUser = (name: string): boolean => known.includes(name);
    const { services } = readInetdConf(`7 stream tcp nowait ${owner} /bin/cat cat`, { user, isUser });
    return [services[0]?.user, services[0]?.group];
  };
  assert.equal(ownerOf("www.data"), ["www.data", undefined]);
  assert.equal(ownerOf("www.data:web"), ["www.data", "web"]);
  assert.equal(ownerOf("www.data.web"), ["www.data", "web"]);
  assert.equal(ownerOf("john.staff"), ["john", "staff"]);
  assert.equal(ownerOf("john.domain.users"), ["john", "domain.users"]);
  assert.equal(ownerOf("nobody.nogroup"), ["nobody", "nogroup"]);
  assert.equal(ownerOf("ana.maria", "ana.maria"), ["ana.maria", undefined]);
  for (const owner of [".a", "a.", "a:", ":a", "a:b:c", "."]) assert.equal(ownerOf(owner), [undefined, undefined]);
});

test("a name's port may differ by protocol, and other names of a service count", () => {
  const list = `# names
ssh\t\t22/tcp
snmp\t161/tcp
snmp 161/udp\t# a comment
syslog 514/udp
shell 514/tcp cmd
loadav 750/udp
kerberos4 750/tcp kerberos-iv kdc
broken 99999/tcp
nothing
`;
  const rows = readServices(list);
  assert.is(rows.length, 10);
  const ports = portsByName([...rows, { name: "ssh", port: 1, protocol: "tcp" }]);
  const portOf = (name: string, kind: string): unknown =>
    servicesOf(`${name} ${kind} ana /bin/cat cat`, "ana", ports)[0]?.port;
  assert.is(portOf("ssh", "stream tcp nowait"), 22);
  assert.is(portOf("cmd", "stream tcp6 nowait"), 514);
  assert.is(portOf("kdc", "stream tcp nowait"), 750);
  assert.is(portOf("syslog", "dgram udp4 wait"), 514);
  assert.equal(
    read("syslog stream tcp nowait ana /bin/cat cat", "ana", ports).problems[0]?.problem,
    'must be a port number or a known name, got "syslog"',
  );
  assert.throws(() => readServices(5 as never), /readServices: text must be the text of a list of services/);
});

test("a file in xinetd's form is one problem a block, which says what to write instead", () => {
  const text = `# /etc/xinetd.d/time
defaults
{
\tinstances = 60
}
service time
{
\tdisable\t\t= no
\ttype\t\t= INTERNAL
\tsocket_type\t= stream
\tprotocol\t= tcp
\tuser\t\t= ana
\twait\t\t= no
}

service finger {
  socket_type = stream
  wait = no
  user = ana
  server = /usr/sbin/in.fingerd
  server_args = -s
}
7 stream tcp nowait ana /bin/cat cat`;
  assert.equal(problemsOf(text), [
    "2: service is in xinetd's form; here each service is one line",
    "6: service is in xinetd's form; here each service is one line: time stream tcp nowait ana internal",
    "16: service is in xinetd's form; here each service is one line: finger stream tcp nowait ana /usr/sbin/in.fingerd in.fingerd -s",
  ]);
  assert.equal(
    read(text).services.map(({ line }) => line),
    [23],
  );
  const [, , finger] = problemsOf(text);
  assert.equal(servicesOf(String(finger).replace(/^.*line: /, ""))[0]?.args, ["in.fingerd", "-s"]);
});

// Random and mutated texts.

const word = fc.oneof(
  fc.constantFrom("7", "echo", "127.0.0.1:9", "*:", "a,b:", "#", "stream", "dgram", "tcp", "udp6", "wait", "nowait.5"),
  fc.constantFrom("ana", "root", "ana:x", "internal", "/bin/cat", "cat", "-", ",", ":", "\0", "/", "99999999999", "é"),
  fc.string({ maxLength: 8 }),
);
const blank = fc.constantFrom(" ", "  ", "\t", "\n", "\n ", "\r\n", "\n#", "");
const random = fc.array(fc.tuple(word, blank), { maxLength: 60 }).map((parts) => parts.flat().join(""));
const good = fc.array(
  fc
    .tuple(
      fc.constantFrom("echo", "7", "127.0.0.1:9", "localhost,127.0.0.2:13"),
      fc.constantFrom("stream tcp nowait", "stream tcp6 wait.9", "dgram udp wait"),
      fc.constantFrom("ana /bin/cat cat", "ana internal", "ana /bin/sh sh -c true"),
    )
    .map((parts) => parts.join(" ")),
  { maxLength: 12 },
);
const mutated = fc
  .tuple(good, fc.array(fc.tuple(fc.nat(400), fc.nat(3), word), { maxLength: 5 }))
  .map(([lines, changes]) =>
    changes.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), lines.join("\n")),
  );

test(`${soaked(100_000)} random and mutated texts: never an error, each line good or named, all values in their ranges`, () => {
  fc.assert(
    fc.property(fc.oneof(random, mutated), fc.constantFrom("ana", "root"), (text, user) => {
      const { services, problems, remarks } = readInetdConf(text, { user });
      const lines = text.split("\n").length;
      const bad = new Set(problems.map(({ line }) => line));
      for (const { line, problem } of problems) {
        assert.ok(line >= 1 && line <= lines);
        assert.ok(problem.length < 200);
      }
      for (const service of services) {
        assert.ok(service.line >= 1 && service.line <= lines && !bad.has(service.line));
        assert.ok(service.port >= 1 && service.port <= 65_535 && service.maxPerMinute >= 1);
        assert.ok(user === "root" || (service.user === user && service.group === undefined));
        assert.is(service.args.length === 0, service.program === "internal");
      }
      for (const { line } of remarks) assert.ok(!bad.has(line));
      assert.equal(readInetdConf(text, { user }), { services, problems, remarks }, "the same text, the same answer");
    }),
    { numRuns: soaked(100_000), seed: 6 },
  );
});

test("a text ten times as long takes about ten times as long, and its answer is no longer than it", () => {
  const hostile: ((n: number) => string)[] = [
    (n) => "7 stream tcp nowait ana /bin/cat cat\n".repeat(n),
    (n) => `7 stream tcp nowait ana /bin/cat ${"x ".repeat(n * 10)}`,
    (n) => `${"a,".repeat(n * 10)}:\n${"7 stream tcp nowait ana /bin/cat cat\n".repeat(n)}`,
    (n) => `7${"\n ".repeat(n * 10)}x`,
    (n) => `7 stream tcp ${"nowait.".repeat(n)} ${":".repeat(n)} ${"/".repeat(n)}`,
    (n) => "\t\r ".repeat(n * 10),
    (n) => "service x {\n}\n".repeat(n),
    (n) => "service x\n{\n".repeat(n),
    (n) => `7 stream tcp nowait ${"a.".repeat(n * 10)}b /bin/cat cat`,
  ];
  for (const [i, make] of hostile.entries()) {
    const cost = (n: number): number => {
      const text = make(n);
      const { services, problems } = read(text);
      assert.ok(services.length + problems.length <= text.length / 4, `hostile text ${i}`);
      const started = process.cpuUsage();
      read(text);
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1000;
    };
    cost(2000);
    const least = Math.min(cost(2000), cost(2000), cost(2000));
    // Quadratic work would cost a hundred times as much.
    assert.ok(cost(20_000) < 40 * Math.max(least, 5), `hostile text ${i}: ${least} ms for a tenth`);
  }
});

test.run();
