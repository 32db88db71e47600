/**
 * What {@link inetdLab} runs in the network of its own: takes the plan as its argument, and prints the rows.
 *
 * @internal
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { readInetdConf } from "../../server/inetd-conf.js";
import { portsByName, readServices } from "../../server/services-file.js";
import { startChild } from "../children/child.js";
import { executable } from "../children/child-programs.js";
import { startSuperserver } from "../superserver/superserver.js";
import type { InetdLabOptions, InetdReplyRow, InetdRequest } from "./inetd-lab.js";

const plan = JSON.parse(process.argv[2] as string) as InetdLabOptions;
const { superserver, requests } = plan;

/** The longest reply that is waited for. */
const mostBytes = 2000;

/** `/run` is empty here, and gone afterwards. */
const file = "/run/inetd.conf";

/** Starts it; how to give it another configuration. */
async function start(conf: string): Promise<(nextConf: string) => Promise<void>> {
  if (superserver === "ours") {
    const ours = await startSuperserver(conf, { portOf: ({ port }) => port });
    return (nextConf) => ours.reload(nextConf);
  }
  writeFileSync(file, conf);
  const inetd = await startChild(executable("inetd", ["-i", file]));
  void inetd.ended.then(({ code, stderr }) => {
    throw new Error(`inetd ended with exit code ${code}: ${stderr}`);
  });
  await untilListening(conf);
  return async (nextConf) => {
    writeFileSync(file, nextConf);
    inetd.kill("SIGHUP");
    await untilListening(nextConf);
  };
}

/** To try whether it listens by connecting would start a process. */
async function untilListening(conf: string): Promise<void> {
  const ports = portsByName(readServices(readFileSync("/etc/services", "utf8")));
  const { services } = readInetdConf(conf, { user: "root", ports });
  const places = services.flatMap(({ host, protocol, port }) => {
    const [, transport, version] = /^(tcp|udp)([46]?)$/.exec(protocol) ?? [];
    const ipv4 = version !== "6" && !host.includes("::");
    const ipv6 = version !== "4" && !/^[\d.]+$/.test(host);
    return [...(ipv4 ? [`${transport} ${port}`] : []), ...(ipv6 ? [`${transport}6 ${port}`] : [])];
  });
  const wanted = [...new Set(places)].sort().join();
  while (listening().join() !== wanted) await sleep(20);
}

function listening(): string[] {
  const found = [
    ["tcp", "0A"],
    ["tcp6", "0A"],
    ["udp", "07"],
    ["udp6", "07"],
  ].flatMap(([protocol, state]) =>
    readFileSync(`/proc/net/${protocol}`, "utf8")
      .split("\n")
      .map((line) => /^\s*\d+: \w+:(\w{4}) \w+:\w{4} (\w\w)/.exec(line))
      .filter((fields) => fields?.[2] === state)
      .map((fields) => `${protocol} ${Number.parseInt(String(fields?.[1]), 16)}`),
  );
  return [...new Set(found)].sort();
}

async function ask({ port, text = "", over = "tcp" }: InetdRequest): Promise<string> {
  if (over === "udp") {
    const socket = createSocket("udp4");
    socket.send(text, port, "127.0.0.1");
    const [reply] = (await once(socket, "message")) as [Buffer];
    socket.close();
    return reply.toString("latin1");
  }
  const socket = connect(port, over === "tcp6" ? "::1" : "127.0.0.1").setEncoding("latin1");
  socket.end(text, "latin1");
  let reply = "";
  try {
    for await (const piece of socket) {
      reply += piece;
      if (reply.length >= mostBytes) break;
    }
  } catch (error) {
    // A server that ends with bytes unread resets its connection.
    const { code = String(error) } = error as { code?: string };
    if (code !== "ECONNRESET" && code !== "EPIPE") return code;
  }
  return reply.slice(0, mostBytes);
}

async function askAll(reloaded: boolean): Promise<InetdReplyRow[]> {
  const rows: InetdReplyRow[] = [];
  for (const request of requests) rows.push({ superserver, reloaded, port: request.port, reply: await ask(request) });
  return rows;
}

const reload = await start(plan.conf);
const rows = await askAll(false);
if (plan.nextConf !== undefined) {
  await reload(plan.nextConf);
  rows.push(...(await askAll(true)));
}
process.stdout.write(JSON.stringify(rows), () => process.exit());
