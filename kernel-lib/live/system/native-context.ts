import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A part of what the operating system holds for a process that runs as compiled code. */
export interface NativeContextRow {
  /** What it is. */
  readonly part: string;
  /** What this process has of it. */
  readonly here: string;
  /** What it depends on, and so why it means nothing elsewhere. */
  readonly dependsOn: "hardware" | "operating system" | "local libraries";
}

/**
 * A look at the context of this very process, as the operating system keeps it: on Linux from `/proc/self`, elsewhere from Node's own
 * report, which knows less.
 *
 * @returns one row a part; what can't be read here is left out.
 */
export function nativeContext(): NativeContextRow[] {
  const { header, sharedObjects = [] } = process.report.getReport() as unknown as Report;
  const cpu = header.cpus?.[0]?.model?.trim();
  const rows: (NativeContextRow | undefined)[] = [
    row("instruction set", `${process.arch}, ${cpu || "unknown model"}`, "hardware"),
    registers(),
    row("kernel", `${header.osName} ${header.osRelease}`, "operating system"),
    row("process number, threads", `${process.pid}, ${countOf("/proc/self/task") ?? "?"} threads`, "operating system"),
    openFiles(),
    mappings(),
    row("shared libraries", librariesOf(sharedObjects), "local libraries"),
    row("C library", header.glibcVersionRuntime && `glibc ${header.glibcVersionRuntime}`, "local libraries"),
    row("JavaScript engine", `V8 ${process.versions.v8}`, "local libraries"),
  ];
  return rows.filter((one): one is NativeContextRow => one !== undefined);
}

interface Report {
  readonly header: {
    readonly osName: string;
    readonly osRelease: string;
    readonly glibcVersionRuntime?: string;
    readonly cpus?: readonly { readonly model?: string }[];
  };
  readonly sharedObjects?: readonly string[];
}

function row(
  part: string,
  here: string | undefined,
  dependsOn: NativeContextRow["dependsOn"],
): NativeContextRow | undefined {
  return here ? { part, here, dependsOn } : undefined;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function countOf(folder: string): number | undefined {
  try {
    return readdirSync(folder).length;
  } catch {
    return undefined;
  }
}

/** Stack pointer and program counter of another thread: this one is running, so its registers are in the processor. */
function registers(): NativeContextRow | undefined {
  let tasks: string[];
  try {
    tasks = readdirSync("/proc/self/task");
  } catch {
    return undefined;
  }
  const found = tasks.map((task) => read(`/proc/self/task/${task}/syscall`)?.trim().split(" ") ?? []);
  const waiting = found.find((fields) => fields.length >= 3 && /^0x/.test(fields.at(-1) ?? ""));
  const here = waiting && `program counter ${waiting.at(-1)}, stack pointer ${waiting.at(-2)}`;
  return row("registers of a waiting thread", here, "hardware");
}

function openFiles(): NativeContextRow | undefined {
  const links = (() => {
    try {
      return readdirSync("/proc/self/fd");
    } catch {
      return [];
    }
  })().flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
  const of = (kind: RegExp) => links.filter((link) => kind.test(link)).length;
  const here =
    links.length > 0
      ? `${links.length}: ${of(/^socket:/)} sockets, ${of(/^pipe:/)} pipes, ${of(/^anon_inode:/)} of the kernel's own`
      : undefined;
  return row("open descriptors", here, "operating system");
}

function mappings(): NativeContextRow | undefined {
  const lines = read("/proc/self/maps")?.trim().split("\n");
  const stack = lines?.find((line) => line.endsWith("[stack]"))?.split(" ")[0];
  const executable = lines?.filter((line) => line.split(" ")[1]?.includes("x")).length;
  const here = lines && `${lines.length} stretches at fixed addresses, ${executable} of compiled code; stack ${stack}`;
  return row("address space", here, "hardware");
}

function librariesOf(files: readonly string[]): string | undefined {
  const names = files.map((file) => file.split("/").at(-1) ?? "").filter((name) => /\.(so|dylib)/.test(name));
  return names.length > 0 ? `${names.length}: ${names.slice(0, 4).join(", ")}, …` : undefined;
}
