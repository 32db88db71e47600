import { existsSync, readdirSync } from "node:fs";
import {
  type Implementation,
  procedure,
  type RpcgenPeers,
  remoteInterface,
  rpcClient,
  rpcgenLab,
  serveInterface,
  xdr,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { failureOf } from "../../world/both-worlds.js";
import { withTools } from "../tools.js";

const test = suite("live: peers made by rpcgen");
const { int, uint, double, bool, string, opaque, array, struct, optional, nothing } = xdr;

const Course = remoteInterface({
  program: 0x20000007,
  version: 3,
  methods: {
    add: procedure(1, [int, int], int),
    mean: procedure(2, [array(double, 1000)], double),
    best: procedure(3, [array(struct({ name: string(40), points: uint, passed: bool }), 50)], optional(string(40))),
    reverse: procedure(4, [opaque(100_000)], opaque(100_000)),
    reset: procedure(9, [], nothing),
  },
});

const ours: Implementation<typeof Course> = {
  add: (a, b) => a + b,
  mean: async (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length,
  best: (students) => students.filter(({ passed }) => passed).sort((a, b) => b.points - a.points)[0]?.name,
  reverse: (bytes) => bytes.slice().reverse(),
  reset: () => undefined,
};

// Names of composed types, in the order of their first use: 1 numbers, 2 name, 3 student, 4 students, 5 name or none, 6 bytes.
const procedures = `
int *add_3_svc(int a, int b, struct svc_req *request) { static int sum; sum = a + b; return &sum; }
double *mean_3_svc(course_t1 numbers, struct svc_req *request) {
  static double sum; u_int i;
  for (sum = 0, i = 0; i < numbers.course_t1_len; i++) sum += numbers.course_t1_val[i];
  sum /= numbers.course_t1_len;
  return &sum;
}
course_t5 *best_3_svc(course_t4 students, struct svc_req *request) {
  static course_t2 name; static course_t5 result; u_int i, points = 0;
  for (result = NULL, i = 0; i < students.course_t4_len; i++) {
    course_t3 *each = &students.course_t4_val[i];
    if (each->passed && (!result || each->points > points)) { name = each->name; points = each->points; result = &name; }
  }
  return &result;
}
course_t6 *reverse_3_svc(course_t6 bytes, struct svc_req *request) {
  static char space[100000]; static course_t6 result; u_int i, n = bytes.course_t6_len;
  for (i = 0; i < n; i++) space[i] = bytes.course_t6_val[n - 1 - i];
  result.course_t6_len = n; result.course_t6_val = space;
  return &result;
}
void *reset_3_svc(struct svc_req *request) { static char none; return &none; }
`;
const calls = `
  double numbers[] = { 1.5, 2.5, -7 };
  course_t1 list = { 3, numbers };
  course_t3 all[] = { { "Ana", 7, TRUE }, { "Jo\\xc3\\xa3o", 4294967295u, FALSE }, { "Rui", 9, TRUE } };
  course_t4 students = { 3, all }, nobody = { 0, NULL };
  course_t6 bytes = { 5, "abc\\0d" }, *back;
  course_t5 *top;
  printf("%d %d\\n", *add_3(2, 3, client), *add_3(-2147483647, -1, client));
  printf("%g\\n", *mean_3(list, client));
  top = best_3(students, client);
  printf("%s\\n", *top ? **top : "nobody");
  top = best_3(nobody, client);
  printf("%s\\n", *top ? **top : "nobody");
  back = reverse_3(bytes, client);
  printf("%u %s\\n", back->course_t6_len, back->course_t6_val[0] == 'd' && back->course_t6_val[1] == 0 ? "reversed" : "spoilt");
  printf("%s\\n", reset_3(client) ? "reset" : clnt_sperror(client, "reset"));
`;
const said = "5 -2147483648\n-1\nRui\nnobody\n5 reversed\nreset\n";

const withPeers = <T>(use: (peers: RpcgenPeers) => Promise<T>) =>
  rpcgenLab({ of: Course, name: "course", procedures, calls }, use);
const testWithTools = await withTools(
  test,
  withPeers(async () => undefined),
);

testWithTools("a C client made by rpcgen from the interface is answered by ours, over TCP and UDP", () =>
  withPeers(async (peers) => {
    const server = await serveInterface(Course, ours);
    try {
      for (const transport of ["tcp", "udp"] as const) assert.is(await peers.runClient(server.port, transport), said);
    } finally {
      await server.close();
    }
  }),
);

testWithTools("a C server made by rpcgen answers our stub as our own server does, over TCP and UDP", () =>
  withPeers(async (peers) => {
    const [theirs, own] = [await peers.startServer(), await serveInterface(Course, ours)];
    const answers = async (port: number, transport: "tcp" | "udp") => {
      const client = rpcClient({ port, transport });
      const course = client.stub(Course);
      const students = [
        { name: "Ana", points: 7, passed: true },
        { name: "João", points: 0xffffffff, passed: true },
      ];
      const all = [
        await course.add(2_147_483_647, -3),
        await course.mean([0.1, 0.2, -0]),
        await course.best(students),
        await course.best([]),
        Array.from(await course.reverse(Uint8Array.of(1, 2, 3, 0, 255))),
        await course.reset(),
      ];
      client.close();
      return all;
    };
    try {
      const wanted = [2_147_483_644, (0.1 + 0.2) / 3, "João", undefined, [255, 0, 3, 2, 1], undefined];
      for (const transport of ["tcp", "udp"] as const) {
        assert.equal(await answers(theirs.port[transport], transport), wanted);
        assert.equal(await answers(own.port, transport), wanted);
      }
    } finally {
      await theirs.stop();
      await own.close();
    }
  }),
);

testWithTools("messages longer than a fragment of the C library's come whole, both ways", () =>
  withPeers(async (peers) => {
    const theirs = await peers.startServer();
    const client = rpcClient({ port: theirs.port.tcp });
    const bytes = Uint8Array.from({ length: 99_999 }, (_, i) => i % 251);
    assert.equal(await client.stub(Course).reverse(bytes), bytes.slice().reverse());
    client.close();
  }),
);

testWithTools(
  "nothing is left of the C programs afterwards, and a wrong C text is told in the compiler's words",
  async () => {
    const failure = await failureOf(() =>
      rpcgenLab(
        { of: Course, name: "course", procedures: "int nonsense = ;", calls: "(void)client;" },
        async () => undefined,
      ),
    );
    assert.match(failure, /the C compiler ended with exit code 1.*nonsense/s);
    const left = existsSync(inRoot("build"))
      ? readdirSync(inRoot("build")).filter((name) => name.startsWith("rpcgen-"))
      : [];
    assert.equal(left, []);
  },
);

test.run();
