/** A block `service name { … }` or `defaults { … }` of a file in xinetd's form. */
export interface XinetdBlock {
  /** Its first line, counted from 1. */
  readonly line: number;
  /** The line of its closing brace, or the last line of the text. */
  readonly lastLine: number;
  /** The line of an `inetd.conf` that says the same, if it can be said in one. */
  readonly instead: string | undefined;
}

/** Finds the blocks of a text in xinetd's form; an `inetd.conf` has none. @see xinetd.conf(5). */
export function xinetdBlocks(text: string): XinetdBlock[] {
  const lines = text.split("\n");
  const blocks: XinetdBlock[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, kind, name, brace] = /^(service[ \t]+(\S+)|defaults)[ \t]*(\{?)\s*$/.exec(lines[i] as string) ?? [];
    if (kind === undefined || !(brace === "{" || /^\s*\{\s*$/.test(lines[i + 1] ?? ""))) continue;
    const line = i + 1;
    const settings = new Map<string, string>();
    if (brace !== "{") i++;
    for (i++; i < lines.length && !/^\s*\}/.test(lines[i] as string); i++) {
      const [, key, value] = /^\s*(\w+)\s*[+-]?=\s*(.*?)\s*$/.exec(lines[i] as string) ?? [];
      if (key !== undefined && value !== undefined) settings.set(key, value);
    }
    blocks.push({ line, lastLine: Math.min(i + 1, lines.length), instead: name && asOneLine(name, settings) });
  }
  return blocks;
}

/** The words of the settings in the order of `inetd.conf`. */
function asOneLine(name: string, settings: ReadonlyMap<string, string>): string | undefined {
  const { socket_type = "stream", wait = "no", user = "root", server, ...others } = Object.fromEntries(settings);
  const program = server ?? (others.type?.includes("INTERNAL") ? "internal" : undefined);
  if (program === undefined || program.length > 60) return undefined;
  const protocol = others.protocol ?? (socket_type === "dgram" ? "udp" : "tcp");
  const own = program === "internal" ? "" : ` ${program.slice(program.lastIndexOf("/") + 1)}`;
  const line = `${name} ${socket_type} ${protocol} ${wait === "yes" ? "wait" : "nowait"} ${user} ${program}${own}`;
  const whole = others.server_args ? `${line} ${others.server_args}` : line;
  return whole.length > 140 ? undefined : whole;
}
