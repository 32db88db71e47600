import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { checkText, refuse } from "../../errors.js";
import { type RemoteInterface, rpcLanguage } from "../../transparency/index.js";
import { type Child, type ChildEnd, ChildNotStarted, startChild } from "../children/child.js";
import { executable } from "../children/child-programs.js";
import { ToolMissing } from "../children/own-network.js";

/** See {@link rpcgenLab}. */
export interface RpcgenLabOptions {
  /** The interface. */
  readonly of: RemoteInterface;
  /** Its name in C: letters, digits and underscores. */
  readonly name: string;
  /**
   * The server's procedures in C, as `rpcgen -N` wants them: `int *add_1_svc(int a, int b, struct svc_req *request) { … }`. The header
   * is included.
   */
  readonly procedures: string;
  /** What the client does, in C, with `CLIENT *client` at hand: `printf("%d\n", *add_1(2, 3, client));`. */
  readonly calls: string;
  /** How long compiling, and each program, may take; 30 s unless told. */
  readonly limitMs?: number;
}

/** Programs of another make, which speak ONC RPC on this machine's loopback address. */
export interface RpcgenPeers {
  /** The interface in the language of RPC: what `rpcgen` was given. */
  readonly language: string;
  /** Starts the C server, TCP and UDP. It knows no portmapper and registers nowhere. */
  startServer(): Promise<RpcgenServer>;
  /** Runs the C client against a server on that port, and gives what it wrote. @throws if it fails: with what it said. */
  runClient(port: number, transport?: "tcp" | "udp"): Promise<string>;
}

/** A C server that runs. */
export interface RpcgenServer {
  /** Its port for each transport. */
  readonly port: Readonly<Record<"tcp" | "udp", number>>;
  /** Ends it. */
  stop(): Promise<void>;
}

/**
 * Makes a server and a client in C out of an interface, by `rpcgen` and the C compiler, and lends them. They lie in the checkout's folder
 * `build` meanwhile; afterwards nothing is left of them, and none runs.
 *
 * @param use what to do with them.
 * @throws {@link ToolMissing} if `rpcgen`, a C compiler or the library of ONC RPC is not there: the message says what to install. An Error
 *   with the compiler's words if the C text is wrong.
 */
export async function rpcgenLab<T>(options: RpcgenLabOptions, use: (peers: RpcgenPeers) => Promise<T>): Promise<T> {
  const { of, name, procedures, calls, limitMs = 30_000 } = options ?? {};
  checkText("rpcgenLab", "procedures", procedures);
  checkText("rpcgenLab", "calls", calls);
  const language = rpcLanguage(of, name);
  const build = fileURLToPath(new URL("../../../../build/", import.meta.url));
  mkdirSync(build, { recursive: true });
  const folder = mkdtempSync(path.join(build, "rpcgen-"));
  const servers = new Set<Child>();
  try {
    await compile(folder, { of, name, procedures, calls, limitMs }, language);
    const startServer = async (): Promise<RpcgenServer> => {
      const child = await startChild(executable(path.join(folder, "server")), { limitMs });
      servers.add(child);
      const port = await portsOf(child);
      return { port, stop: async () => void (await child.stop()) };
    };
    const runClient = async (port: number, transport: "tcp" | "udp" = "tcp"): Promise<string> => {
      if (transport !== "tcp" && transport !== "udp") refuse("runClient", "transport", '"tcp" or "udp"', transport);
      const child = await startChild(executable(path.join(folder, "client"), [String(port), transport]), { limitMs });
      return succeeded("the C client", await child.ended).stdout;
    };
    return await use({ language, startServer, runClient });
  } finally {
    await Promise.all([...servers].map((child) => child.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The server's first line. */
async function portsOf(child: Child): Promise<RpcgenServer["port"]> {
  let said = "";
  for await (const piece of child.stdout ?? []) {
    said += piece;
    const [, tcp, udp] = /^tcp (\d+) udp (\d+)\n/.exec(said) ?? [];
    if (tcp && udp) return { tcp: Number(tcp), udp: Number(udp) };
  }
  throw new Error(`rpcgenLab: the C server ended before it served: ${(await child.ended).stderr}`);
}

async function compile(
  folder: string,
  { of, name, procedures, calls, limitMs }: Required<RpcgenLabOptions>,
  language: string,
): Promise<void> {
  const run = async (what: string, file: string, args: readonly string[]): Promise<ChildEnd> => {
    try {
      const child = await startChild(executable(file, args), { cwd: folder, limitMs });
      return await child.ended;
    } catch (error) {
      if (error instanceof ChildNotStarted) throw new ToolMissing(`${file} is not installed: ${install}`);
      throw new Error(`rpcgenLab: ${what}`, { cause: error });
    }
  };
  writeFileSync(path.join(folder, `${name}.x`), language);
  for (const [flag, output] of [
    ["-h", `${name}.h`],
    ["-c", `${name}_xdr.c`],
    ["-l", `${name}_clnt.c`],
    ["-m", `${name}_svc.c`],
  ] as const)
    succeeded("rpcgen", await run("rpcgen", "rpcgen", ["-C", "-N", flag, "-o", output, `${name}.x`]));
  writeFileSync(path.join(folder, "server.c"), serverText(of, name, procedures));
  writeFileSync(path.join(folder, "client.c"), clientText(of, name, calls));
  // Where the C library itself has ONC RPC (macOS, BSD), there is no libtirpc, and none is needed.
  const probe = await run("the C compiler", "cc", [
    "-E",
    "-I/usr/include/tirpc",
    "-include",
    "rpc/rpc.h",
    "-xc",
    "/dev/null",
  ]);
  if (probe.code !== 0) throw new ToolMissing(`the header rpc/rpc.h is not there: ${install}`);
  const library = process.platform === "linux" ? ["-ltirpc"] : [];
  // What rpcgen writes is old C: its warnings are not ours.
  const flags = ["-w", "-O1", "-I/usr/include/tirpc", "-I."];
  const xdr = /^(struct|typedef)/m.test(language) ? [`${name}_xdr.c`] : [];
  for (const [program, files] of [
    ["server", ["server.c", `${name}_svc.c`, ...xdr]],
    ["client", ["client.c", `${name}_clnt.c`, ...xdr]],
  ] as const) {
    const end = await run("the C compiler", "cc", [...flags, "-o", program, ...files, ...library]);
    if (/cannot find -ltirpc/.test(end.stderr)) throw new ToolMissing(`the library tirpc is not there: ${install}`);
    succeeded("the C compiler", end);
  }
}

const install = "on Debian and Ubuntu, apt install rpcsvc-proto libtirpc-dev gcc libc6-dev";

function succeeded(who: string, end: ChildEnd): ChildEnd {
  if (end.timedOut) throw new Error(`rpcgenLab: ${who} took too long and was ended`);
  if (end.code !== 0)
    throw new Error(
      `rpcgenLab: ${who} ended with ${end.signal ?? `exit code ${end.code}`}: ${end.stderr || end.stdout}`,
    );
  return end;
}

const serverText = ({ program, version }: RemoteInterface, name: string, procedures: string): string => `
#include "${name}.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>
#include <rpc/pmap_clnt.h>

${procedures}

/* What rpcgen wrote: unmarshals, calls a procedure, marshals. */
void ${name}_${version}(struct svc_req *request, SVCXPRT *transport);

static int on_loopback(int type) {
  struct sockaddr_in address;
  int descriptor = socket(AF_INET, type, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0) { perror("bind"); exit(1); }
  if (type == SOCK_STREAM) listen(descriptor, 16);
  return descriptor;
}

static int port_of(int descriptor) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  getsockname(descriptor, (struct sockaddr *)&address, &length);
  return ntohs(address.sin_port);
}

int main(void) {
  int tcp = on_loopback(SOCK_STREAM), udp = on_loopback(SOCK_DGRAM);
  SVCXPRT *stream = svctcp_create(tcp, 0, 0), *datagrams = svcudp_create(udp);
  /* Protocol 0: known to itself alone, and to no portmapper. */
  if (!stream || !datagrams || !svc_register(stream, ${program}, ${version}, ${name}_${version}, 0)
      || !svc_register(datagrams, ${program}, ${version}, ${name}_${version}, 0)) {
    fprintf(stderr, "the server can't be registered\\n");
    return 1;
  }
  printf("tcp %d udp %d\\n", port_of(tcp), port_of(udp));
  fflush(stdout);
  svc_run();
  return 1;
}
`;

const clientText = ({ program, version }: RemoteInterface, name: string, calls: string): string => `
#include "${name}.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>

int main(int count, char **words) {
  struct sockaddr_in address;
  struct timeval retry = { 1, 0 };
  int descriptor = RPC_ANYSOCK;
  CLIENT *client;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(atoi(words[1]));
  client = strcmp(words[2], "udp") ? clnttcp_create(&address, ${program}, ${version}, &descriptor, 0, 0)
                                   : clntudp_create(&address, ${program}, ${version}, retry, &descriptor);
  if (!client) { clnt_pcreateerror("client"); return 1; }
  {
${calls}
  }
  clnt_destroy(client);
  return 0;
}
`;
