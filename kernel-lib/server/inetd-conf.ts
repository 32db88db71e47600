import { checkText, checkWhole, refuse, shown } from "../errors.js";
import { type InetdProblem, type InetdService, inetdServicePorts } from "./inetd-service.js";
import { type XinetdBlock, xinetdBlocks } from "./xinetd-blocks.js";

/** See {@link readInetdConf}. */
export interface InetdConfOptions {
  /** Who runs the superserver. Only `root` may start a program as somebody else. */
  readonly user: string;
  /**
   * Ports of services by name, or by `name/protocol` where they differ, before {@link inetdServicePorts}; {@link portsByName} makes them
   * of the system's own list.
   */
  readonly ports?: Readonly<Record<string, number>>;
  /** Whether there is a user of this name: decides what `a.b` means, a user with a dot or a user and a group. Nobody unless told. */
  readonly isUser?: (name: string) => boolean;
}

/** What {@link readInetdConf} found. */
export interface InetdConf {
  /** The services, in the order written. */
  readonly services: readonly InetdService[];
  /** All that is wrong, in the order of lines. A line with a problem offers no service. */
  readonly problems: readonly InetdProblem[];
  /** What is taken and not kept, in the order of lines: the service is offered all the same. */
  readonly remarks: readonly InetdProblem[];
}

/** How often a service may be started in a minute, unless its line says so. */
const defaultMaxPerMinute = 256;

/** As many as openbsd-inetd passes on; it forgets the others without a word. */
const mostArguments = 20;

/** No system has longer names; each part of one may cost a question to the system. */
const mostUserName = 100;

/** More addresses on a line are nobody's intention, and a short text must not make a long list. */
const mostHosts = 16;

const internalServices = ["echo", "discard", "chargen", "daytime", "time"];
const protocols = ["tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"] as const;

/**
 * Reads a superserver's configuration in the form of `inetd.conf`: a service a line, with the fields service, socket type, protocol,
 * `wait` or `nowait`, user, program, arguments, with blanks between.
 *
 * - A line that begins with `#` is a comment; one that begins with a blank goes on with the line above it.
 * - The service is a name or a port number. In front of it may stand addresses to listen on: `127.0.0.1:echo`, `a,b:7`. A line with
 *   addresses and a colon alone holds for the lines below that name none.
 * - `tcp` and `udp` are for both versions of IP, `tcp4` and `tcp6` for one; a service may have a line for each.
 * - `nowait.40`, or `nowait:40` as NetBSD writes it, allows 40 starts a minute; 256 unless told. The further limits of FreeBSD (`nowait/3/10`)
 *   and sizes of socket buffers (`tcp,rcvbuf=64k`) are taken, and a remark says that they are not kept.
 * - The user may be followed by a group: `user:group` or `user.group`.
 * - Without arguments the program gets its own name, which is the last part of its path.
 * - `internal` as program: the superserver itself gives `echo`, `discard`, `chargen`, `daytime` or `time` over tcp.
 *
 * Left out: RPC services and sockets with a path (`unix`); such lines are named as problems. A file in xinetd's form is no such table: each of its
 * blocks is one problem, which says what to write instead.
 *
 * @see Debian's openbsd-inetd, inetd(8).
 */
export function readInetdConf(text: string, options: InetdConfOptions): InetdConf {
  if (typeof text !== "string") refuse("readInetdConf", "text", "a text", text);
  checkText("readInetdConf", "user", options?.user);
  for (const [name, port] of Object.entries(options.ports ?? {}))
    checkWhole("readInetdConf", `ports.${name}`, port, 1, 65535);
  const services: InetdService[] = [];
  const problems: InetdProblem[] = [];
  const remarks: InetdProblem[] = [];
  const taken = new Map<string, number>();
  let defaultHosts: readonly string[] = ["*"];
  const blocks = xinetdBlocks(text);
  const blockAt = new Map(blocks.map((block) => [block.line, block]));
  for (const { line, fields } of entriesOf(text, blocks)) {
    const block = blockAt.get(line);
    if (block) {
      problems.push({ line, field: "service", problem: xinetdProblem(block) });
      continue;
    }
    const [first = "", ...rest] = fields;
    if (first.endsWith(":") && rest.length === 0) {
      const hosts = hostsIn(first);
      if (hosts) defaultHosts = hosts;
      else problems.push({ line, field: "service", problem: wrongHosts(first) });
      continue;
    }
    const found = readEntry(line, fields, defaultHosts, options);
    for (const service of found.services) {
      const place = `${service.host} ${familyOf(service)} ${service.port}`;
      const other = taken.get(place);
      if (other === undefined) taken.set(place, line);
      else
        found.problems.push({
          line,
          field: "service",
          problem: `${shown(service.service)} is offered on line ${other}`,
        });
    }
    if (found.problems.length === 0) {
      services.push(...found.services);
      remarks.push(...found.remarks);
    }
    problems.push(...found.problems);
  }
  return { services, problems, remarks };
}

/** A line for `tcp` and one for `tcp6` are no contradiction: then the first is for IPv4 alone. */
const familyOf = ({ protocol }: InetdService): string => (/[46]$/.test(protocol) ? protocol : `${protocol}4`);

const xinetdProblem = ({ instead }: XinetdBlock): string =>
  `is in xinetd's form; here each service is one line${instead === undefined ? "" : `: ${instead}`}`;

/** The entries with their fields, continuation lines joined; a block in xinetd's form is one entry. */
function* entriesOf(text: string, blocks: readonly XinetdBlock[]): Generator<{ line: number; fields: string[] }> {
  let entry: { line: number; fields: string[] } | undefined;
  let line = 0;
  let block = 0;
  for (const written of text.split("\n")) {
    line++;
    const around = blocks[block];
    if (around && line > around.line && line <= around.lastLine) {
      if (line === around.lastLine) block++;
      continue;
    }
    if (written.startsWith("#")) continue;
    const fields = written.split(/[ \t\r]+/).filter((field) => field !== "");
    if (fields.length === 0) continue;
    if (entry && /^[ \t]/.test(written)) {
      for (const field of fields) entry.fields.push(field);
      continue;
    }
    if (entry) yield entry;
    entry = { line, fields };
  }
  if (entry) yield entry;
}

const fieldNames = ["service", "socket type", "protocol", "wait", "user", "program"] as const;

function readEntry(
  line: number,
  fields: readonly string[],
  defaultHosts: readonly string[],
  options: InetdConfOptions,
): { services: InetdService[]; problems: InetdProblem[]; remarks: InetdProblem[] } {
  const problems: InetdProblem[] = [];
  const remarks: InetdProblem[] = [];
  const wrong = (field: InetdProblem["field"], problem: string): void => void problems.push({ line, field, problem });
  for (const [i, field] of fieldNames.entries()) if (fields[i] === undefined) wrong(field, "is missing");
  if (problems.length > 0) return { services: [], problems, remarks };
  const [name = "", socketType = "", transport = "", waiting = "", owner = "", program = "", ...written] = fields;
  const [protocol = "", ...buffers] = transport.split(",");

  const colon = name.lastIndexOf(":");
  const service = name.slice(colon + 1);
  const hosts = colon < 0 ? defaultHosts : hostsIn(name.slice(0, colon + 1));
  const port = /^\d{1,5}$/.test(service)
    ? Number(service)
    : (ownValue(options.ports, `${service}/${protocol.replace(/[46]$/, "")}`) ??
      ownValue(options.ports, service) ??
      ownValue(inetdServicePorts, service));
  if (!hosts) wrong("service", wrongHosts(name));
  if (service.includes("/")) wrong("service", `must not be one of RPC or a path, got ${shown(service)}`);
  else if (port === undefined) wrong("service", `must be a port number or a known name, got ${shown(service)}`);
  else if (!(port >= 1 && port <= 65_535)) wrong("service", `must be a port from 1 to 65535, got ${port}`);

  if (socketType !== "stream" && socketType !== "dgram")
    wrong("socket type", `must be stream or dgram, got ${shown(socketType)}`);
  if (!(protocols as readonly string[]).includes(protocol))
    wrong("protocol", `must be tcp or udp, with 4 or 6 if wanted, got ${shown(protocol)}`);
  else if (protocol.startsWith("tcp") ? socketType === "dgram" : socketType === "stream")
    wrong("protocol", `must be ${socketType === "stream" ? "tcp" : "udp"} for ${socketType}, got ${shown(protocol)}`);

  if (!buffers.every((each) => /^(sndbuf|rcvbuf)=\d{1,9}[km]?$/.test(each)) || buffers.length > 2)
    wrong("protocol", `must have sndbuf=size or rcvbuf=size behind a comma, got ${shown(transport)}`);
  else if (buffers.length > 0)
    remarks.push({ line, field: "protocol", problem: `${buffers.join(",")}: sizes of buffers are not set here` });

  const [, wait, max, further] = /^(wait|nowait)(?:[.:](\d{1,9})|((?:\/\d{1,9}){1,3}))?$/.exec(waiting) ?? [];
  if (!wait) wrong("wait", `must be wait or nowait, with .max if wanted, got ${shown(waiting)}`);
  else if (further !== undefined)
    remarks.push({
      line,
      field: "wait",
      problem: `${further}: FreeBSD's limits are not kept; .max limits the starts a minute`,
    });
  else if (max !== undefined && Number(max) === 0) wrong("wait", "must allow at least 1 start a minute, got 0");

  const { user = "", group } = ownerIn(owner, (one) => one === options.user || options.isUser?.(one) === true);
  if (!user) wrong("user", `must be a user, with :group if wanted, got ${shown(owner)}`);
  else if (options.user !== "root" && user !== options.user)
    wrong(
      "user",
      `must be ${options.user}, who runs this: only root may start programs as another, got ${shown(user)}`,
    );
  else if (options.user !== "root" && group !== undefined)
    wrong("user", `must have no group: only root may choose it, got ${shown(group)}`);

  const args = written.length > 0 ? written : [program.slice(program.lastIndexOf("/") + 1)];
  if (program === "internal") {
    if (!internalServices.includes(service) || socketType !== "stream" || wait !== "nowait")
      wrong("program", `internal is for ${internalServices.join(", ")} with stream and nowait`);
  } else {
    if (!program.startsWith("/") || program.includes("\0"))
      wrong("program", `must be a path from the root, or internal, got ${shown(program)}`);
    if (args.length > mostArguments) wrong("arguments", `must be at most ${mostArguments}, got ${args.length}`);
    if (args.some((arg) => arg.includes("\0"))) wrong("arguments", "must have no NUL in them");
  }
  if (!hosts || problems.length > 0) return { services: [], problems, remarks };
  const common = {
    line,
    service,
    port: port as number,
    socketType: socketType as InetdService["socketType"],
    protocol: protocol as InetdService["protocol"],
    wait: wait === "wait",
    maxPerMinute: max === undefined ? defaultMaxPerMinute : Number(max),
    user,
    group,
    program,
    args: program === "internal" ? [] : args,
  };
  return { services: hosts.map((host) => ({ ...common, host })), problems, remarks };
}

/**
 * A user and a group: `user:group`, where a user may have dots; else `user.group`, unless the whole is a user's name. Nobody
 * if it is neither.
 */
function ownerIn(owner: string, isUser: (name: string) => boolean): { user?: string; group?: string } {
  const [, user, group] = /^([^:]+):([^:]+)$/.exec(owner) ?? [];
  if (user !== undefined && group !== undefined) return { user, group };
  if (owner === "" || owner.length > mostUserName || owner.includes(":")) return {};
  if (!owner.includes(".") || isUser(owner)) return { user: owner };
  // A user with dots and a group: where a user ends at a dot.
  for (let dot = owner.lastIndexOf("."); dot > 0; dot = owner.lastIndexOf(".", dot - 1))
    if (dot < owner.length - 1 && isUser(owner.slice(0, dot)))
      return { user: owner.slice(0, dot), group: owner.slice(dot + 1) };
  const dot = owner.indexOf(".");
  return dot > 0 && dot < owner.length - 1 ? { user: owner.slice(0, dot), group: owner.slice(dot + 1) } : {};
}

/** The addresses in front of a colon; undefined if they are none, or too many. */
function hostsIn(prefix: string): readonly string[] | undefined {
  const hosts = prefix.slice(0, -1).split(",", mostHosts + 1);
  return hosts.includes("") || hosts.length > mostHosts ? undefined : hosts;
}

const wrongHosts = (got: string): string => `wants 1 to ${mostHosts} addresses before the colon, got ${shown(got)}`;

function ownValue(table: Readonly<Record<string, number>> | undefined, name: string): number | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined;
}
