import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { checkPositive, checkWhole, refuse } from "../../../errors.js";
import type { MigrationRow } from "../../../migration/virtual-machine/index.js";
import { ToolMissing, withChildren } from "../../children/index.js";
import { EthernetSwitch } from "./ethernet-switch.js";
import { expectedDigest, frameBytes, frameType, type GuestOptions, guestImage, guestMac } from "./guest.js";
import { migrationUri, type Qemu, setCapabilities, startQemu } from "./qemu.js";

/** See {@link migrateVirtualMachine}. */
export interface VirtualMachineOptions extends GuestOptions {
  /** How it is migrated. */
  readonly way: "pre-copy" | "stop-and-copy" | "post-copy";
  /** QEMU's `max-bandwidth`, in bytes per second; 16,000,000 unless told. */
  readonly maxBytesPerS?: number;
  /** QEMU's `downtime-limit`; 300 ms unless told. */
  readonly downtimeLimitMs?: number;
  /** A pre-copy that has not come to an end after so long is cancelled; 15,000 ms unless told. */
  readonly giveUpMs?: number;
  /** Post-copy: the machine goes over after so many rounds of pre-copy; 0 unless told. */
  readonly roundsBefore?: number;
  /** For how long the client asks before the migration, and after it; 300 ms unless told. */
  readonly aroundMs?: number;
  /** Ends it when it is aborted. */
  readonly signal?: AbortSignal;
}

/** A request of the client to the guest. */
export interface GuestRequestRow {
  /** When it was sent first, since the migration began; below 0 before that. */
  readonly sentMs: number;
  /** Until its answer came. */
  readonly responseMs: number;
  /** How often it was sent. */
  readonly tries: number;
  /** Which QEMU answered. */
  readonly answeredBy: "source" | "destination";
}

/** See {@link migrateVirtualMachine}. */
export interface VirtualMachineRun {
  /** The migration in time order, one row a round; of the same type as a model's. */
  readonly rows: readonly MigrationRow[];
  /** Whether the machine came over. */
  readonly converged: boolean;
  /** What QEMU itself reports, under its own names. */
  readonly reported: {
    /** From its beginning to its end. */
    readonly totalMs: number;
    /** What passed before the first page. */
    readonly setupMs: number;
    /** Of its own making: it is not told of a stop that was asked for beforehand. */
    readonly downtimeMs: number;
    /** All bytes of memory, with headers. */
    readonly transferredBytes: number;
    /** Pages that were sent whole, as often as they were. */
    readonly normalPages: number;
    /** Pages of zeros, which are sent as headers. */
    readonly zeroPages: number;
    /** Post-copy: how long the guest's processor stood still for pages that were not there. */
    readonly blockedMs: number;
  };
  /** The client's requests, in order. */
  readonly requests: readonly GuestRequestRow[];
  /** When the network was told by a frame of QEMU's own (reverse ARP) that the guest is elsewhere; not if it stayed. */
  readonly announcedMs: number | undefined;
  /** How many writes of pages the guest had made when the migration began: with `order: "sequential"`, where it stood. */
  readonly writesBefore: number;
  /** How many it has made in its life. */
  readonly writes: number;
  /** Whether the digest of its memory, asked for after the migration, is that of a machine which did the same and never moved. */
  readonly sameMemory: boolean;
}

const clientMac = [0x02, 0, 0, 0, 0, 9] as const;

/**
 * Migrates a real virtual machine between two QEMUs of this machine, while a client asks it all the time. The guest is ours: it writes
 * its memory at a rate, and answers Ethernet frames; both hang at a switch of ours, which learns from QEMU's announcement where the
 * guest has gone. The processor is emulated, so no hardware support is needed.
 *
 * @returns what happened, on one clock.
 * @throws {@link ParameterError} for bad options; {@link ToolMissing} if there is no QEMU, or this system does not let it do
 *   post-copy: the message says what to do.
 */
export async function migrateVirtualMachine(options: VirtualMachineOptions): Promise<VirtualMachineRun> {
  const checked = check(options);
  const { filledPages, signal } = checked;
  const build = fileURLToPath(new URL("../../../../../build/", import.meta.url));
  mkdirSync(build, { recursive: true });
  const folder = mkdtempSync(path.join(build, "virtual-machine-"));
  writeFileSync(path.join(folder, "guest"), guestImage(checked));
  const client = new Client();
  try {
    return await withChildren(async (start) => {
      const common = { start, folder, signal, memoryMiB: memoryMiB(filledPages), limitMs: 120_000 };
      const from = await client.network.open();
      const to = await client.network.open();
      const source = await startQemu({ ...common, network: from, isDestination: false });
      const destination = await startQemu({ ...common, network: to, isDestination: true });
      return await migrate(source, destination, client, checked);
    });
  } finally {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Checked = Required<Omit<VirtualMachineOptions, "signal">> & Pick<VirtualMachineOptions, "signal">;

function check(options: VirtualMachineOptions): Checked {
  const where = "migrateVirtualMachine";
  const { way, filledPages, pagesPerS = 0, writtenPages = filledPages, order = "sequential", signal } = options;
  const { maxBytesPerS = 16e6, downtimeLimitMs = 300, giveUpMs = 15_000, roundsBefore = 0, aroundMs = 300 } = options;
  if (!["pre-copy", "stop-and-copy", "post-copy"].includes(way))
    refuse(where, "way", '"pre-copy", "stop-and-copy" or "post-copy"', way);
  if (order !== "sequential" && order !== "random") refuse(where, "order", '"sequential" or "random"', order);
  return {
    way,
    order,
    filledPages: checkWhole(where, "filledPages", filledPages, 1, 2 ** 17),
    pagesPerS: checkWhole(where, "pagesPerS", pagesPerS, 0, 1e6),
    writtenPages: checkWhole(where, "writtenPages", writtenPages, 1, filledPages),
    maxBytesPerS: checkPositive(where, "maxBytesPerS", maxBytesPerS),
    downtimeLimitMs: checkWhole(where, "downtimeLimitMs", downtimeLimitMs, 1, 2_000_000),
    giveUpMs: checkPositive(where, "giveUpMs", giveUpMs),
    roundsBefore: checkWhole(where, "roundsBefore", roundsBefore),
    aroundMs: checkPositive(where, "aroundMs", aroundMs),
    signal,
  };
}

/** What the guest needs: its own 4 MiB, its pages, and the upper end, where the BIOS keeps its tables. */
const memoryMiB = (filledPages: number): number => 6 + Math.ceil(filledPages / 256);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What QEMU answers when it is asked how far it is. */
interface Progress {
  readonly status?: string;
  readonly "total-time"?: number;
  readonly "setup-time"?: number;
  readonly downtime?: number;
  readonly "error-desc"?: string;
  readonly "postcopy-blocktime"?: number;
  readonly ram?: {
    readonly transferred: number;
    readonly normal: number;
    readonly duplicate: number;
    readonly "dirty-sync-count": number;
    readonly "postcopy-requests": number;
    readonly "dirty-pages-rate": number;
  };
}

/** How far it was, and when. */
interface Sample {
  readonly atMs: number;
  readonly bytes: number;
  readonly pages: number;
  readonly syncs: number;
  readonly dirtyPagesPerS: number;
  readonly faults: number;
}

async function migrate(source: Qemu, destination: Qemu, client: Client, options: Checked): Promise<VirtualMachineRun> {
  const { way, maxBytesPerS, downtimeLimitMs, giveUpMs, roundsBefore, aroundMs } = options;
  await client.untilAnswered();
  const asking = client.askAllTheTime();
  await pause(aroundMs);
  const parameters = { "max-bandwidth": Math.round(maxBytesPerS), "downtime-limit": downtimeLimitMs };
  await source.ask("migrate-set-parameters", { ...parameters, "max-postcopy-bandwidth": Math.round(maxBytesPerS) });
  if (way === "post-copy") {
    await setCapabilities(source, { "postcopy-ram": true });
    await setCapabilities(destination, { "postcopy-ram": true }).catch((error: Error) => {
      throw new ToolMissing(
        `post-copy asks the system to tell of pages that are missing: as root, sysctl vm.unprivileged_userfaultfd=1 (${error.message})`,
      );
    });
    await setCapabilities(destination, { "postcopy-blocktime": true }).catch(() => undefined);
  }
  await destination.ask("migrate-incoming", { uri: migrationUri });
  const writesBefore = client.heardWrites;
  if (way === "stop-and-copy") await source.ask("stop");
  const startMs = performance.now();
  await source.ask("migrate", { uri: migrationUri });

  const samples: Sample[] = [];
  const look = async (): Promise<Progress> => {
    const progress = await source.ask<Progress>("query-migrate");
    const { ram } = progress;
    if (ram)
      samples.push({
        atMs: performance.now(),
        bytes: ram.transferred,
        pages: ram.normal,
        syncs: ram["dirty-sync-count"],
        dirtyPagesPerS: ram["dirty-pages-rate"],
        faults: ram["postcopy-requests"],
      });
    return progress;
  };
  let hasSwitched = false;
  let end: Progress;
  for (;;) {
    options.signal?.throwIfAborted();
    end = await look();
    if (end.status === "completed" || end.status === "failed" || end.status === "cancelled") break;
    if (way === "post-copy" && !hasSwitched && (samples.at(-1)?.syncs ?? 0) > roundsBefore) {
      await source.ask("migrate-start-postcopy");
      hasSwitched = true;
    }
    if (way === "pre-copy" && performance.now() > startMs + giveUpMs) await source.ask("migrate_cancel");
    await pause(10);
  }
  const converged = end.status === "completed";
  if (end.status === "failed")
    throw new Error(`QEMU's migration failed: ${end["error-desc"] ?? "it does not say why"}`);
  // A machine that was stopped beforehand arrives as one that is stopped.
  if (way === "stop-and-copy") await (converged ? destination : source).ask("cont");
  if (converged) await destination.event("RESUME");
  await pause(50); // QEMU's last counts come a little after its last word
  const last = await look();
  const arrived = converged ? await destination.ask<Progress>("query-migrate") : undefined;
  await pause(aroundMs);
  const requests = await asking.end();
  const { written, digest } = await client.digest();
  return {
    rows: rowsOf(samples, { startMs, maxBytesPerS, converged, source, destination, setupMs: last["setup-time"] ?? 0 }),
    converged,
    reported: {
      totalMs: last["total-time"] ?? 0,
      setupMs: last["setup-time"] ?? 0,
      downtimeMs: last.downtime ?? 0,
      transferredBytes: last.ram?.transferred ?? 0,
      normalPages: last.ram?.normal ?? 0,
      zeroPages: last.ram?.duplicate ?? 0,
      blockedMs: arrived?.["postcopy-blocktime"] ?? 0,
    },
    requests: requests.map((request) => ({ ...request, sentMs: request.sentMs - startMs })),
    announcedMs: client.announcedMs === undefined ? undefined : client.announcedMs - startMs,
    writesBefore,
    writes: written,
    sameMemory: digest === expectedDigest(options, written),
  };
}

/** The rounds, from the moments at which QEMU read its log of written pages, and the machine's stop. */
function rowsOf(
  samples: readonly Sample[],
  run: {
    readonly startMs: number;
    readonly setupMs: number;
    readonly maxBytesPerS: number;
    readonly converged: boolean;
    readonly source: Qemu;
    readonly destination: Qemu;
  },
): MigrationRow[] {
  const { startMs, setupMs, maxBytesPerS, converged, source, destination } = run;
  const endMs = samples.at(-1)?.atMs ?? startMs;
  const stopMs = source.events.find(({ event }) => event === "STOP")?.atMs ?? endMs;
  const resumeMs = destination.events.find(({ event }) => event === "RESUME")?.atMs ?? endMs;
  const completedMs = source.events.find(
    ({ event, data }) => event === "MIGRATION" && data.status === "completed",
  )?.atMs;
  const begins = source.events.filter(({ event, atMs }) => event === "MIGRATION_PASS" && atMs < stopMs);
  const bounds = begins.map(({ atMs }) => atMs);
  // The log is read once more before the machine is stopped; that begins no round.
  if (converged && bounds.length > 1 && stopMs - (bounds.at(-1) ?? 0) < shortestRoundMs) bounds.pop();
  const firstMs = startMs + setupMs;
  const parts: (readonly [MigrationRow["phase"], number, number])[] = bounds.map((fromMs, i) => [
    "running",
    i === 0 ? Math.min(firstMs, stopMs) : fromMs,
    bounds[i + 1] ?? stopMs,
  ]);
  if (converged) parts.push(["stopped", Math.max(stopMs, bounds.length === 0 ? firstMs : 0), resumeMs]);
  if (completedMs !== undefined && completedMs > resumeMs + shortestRoundMs)
    parts.push(["fetching", resumeMs, completedMs]);
  const at = (ms: number): Sample => samples.find(({ atMs }) => atMs >= ms) ?? (samples.at(-1) as Sample);
  return parts.map(([phase, fromMs, toMs], i) => {
    const isLast = i === parts.length - 1;
    const [from, to] = [i === 0 ? undefined : at(fromMs), isLast ? (samples.at(-1) as Sample) : at(toMs)];
    const durationMs = toMs - fromMs;
    return {
      round: i + 1,
      phase,
      startMs: fromMs - startMs,
      durationMs,
      bytesPerS: maxBytesPerS,
      sentPages: to.pages - (from?.pages ?? 0),
      sentBytes: to.bytes - (from?.bytes ?? 0),
      skippedPages: 0,
      dirtyPages: phase === "running" ? Math.round((to.dirtyPagesPerS * durationMs) / 1000) : 0,
      faults: to.faults - (from?.faults ?? 0),
      blockedMs: 0,
      throttle: 0,
    };
  });
}

const shortestRoundMs = 20;

/** How long the client waits for an answer before it asks again, and between two questions. */
const patienceMs = 200;
const thinkMs = 5;

interface Answer {
  readonly number: number;
  readonly written: number;
  readonly digest: number;
  readonly port: number;
}

/** A client of the guest, at a switch of its own. */
class Client {
  readonly network: EthernetSwitch;
  /** When QEMU said for the guest where it is, the last time. */
  announcedMs: number | undefined;
  /** How many writes the guest had made by its last answer. */
  heardWrites = 0;
  #onAnswer: ((answer: Answer) => void) | undefined;
  #asked = 0;
  #isClosed = false;

  constructor() {
    this.network = new EthernetSwitch(({ atMs, port, frame }) => {
      const type = frame.readUInt16BE(12);
      if (type === reverseArp && port > 0) this.announcedMs ??= atMs;
      if (type !== frameType || frame.length < frameBytes) return;
      const [number, written, digest] = [14, 22, 26].map((offset) => frame.readUInt32LE(offset)) as [
        number,
        number,
        number,
      ];
      this.heardWrites = written;
      this.#onAnswer?.({ number, written, digest, port });
    });
  }

  /** Asks until the answer has come, in no more tries than given, or it is closed. */
  async ask({
    wantsDigest = false,
    tries = Infinity,
  } = {}): Promise<{ readonly answer?: Answer; readonly tries: number }> {
    const number = ++this.#asked;
    const frame = Buffer.alloc(frameBytes);
    frame.set([...guestMac, ...clientMac]);
    frame.writeUInt16BE(frameType, 12);
    frame.writeUInt32LE(number, 14);
    frame.writeUInt32LE(wantsDigest ? 1 : 0, 26);
    for (let i = 1; i <= tries && !this.#isClosed; i++) {
      const answer = await new Promise<Answer | undefined>((resolve) => {
        const timer = setTimeout(resolve, wantsDigest ? 5000 : patienceMs, undefined);
        this.#onAnswer = (came) => {
          if (came.number !== number) return;
          clearTimeout(timer);
          resolve(came);
        };
        this.network.send(frame);
      });
      if (answer) return { answer, tries: i };
    }
    return { tries };
  }

  /** @throws Error if the guest does not start. */
  async untilAnswered(): Promise<void> {
    const { answer } = await this.ask({ tries: 100 });
    if (!answer) throw new Error("migrateVirtualMachine: the guest does not answer");
  }

  /** Asks again and again, with a little pause between an answer and the next question. */
  askAllTheTime(): { end(): Promise<GuestRequestRow[]> } {
    const rows: GuestRequestRow[] = [];
    let isOver = false;
    const asking = (async () => {
      while (!isOver) {
        const sentMs = performance.now();
        const { answer, tries } = await this.ask({ tries: 300 });
        if (!answer) break;
        const answeredBy = answer.port === 0 ? "source" : "destination";
        rows.push({ sentMs, responseMs: performance.now() - sentMs, tries, answeredBy });
        await pause(thinkMs);
      }
    })();
    return {
      end: async () => {
        isOver = true;
        await asking;
        return rows;
      },
    };
  }

  async digest(): Promise<Answer> {
    const { answer } = await this.ask({ wantsDigest: true, tries: 4 });
    if (!answer) throw new Error("migrateVirtualMachine: the guest does not answer any more");
    return answer;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return this.network.close();
  }
}

/** The kind of frame by which QEMU announces where a guest is: reverse ARP. */
const reverseArp = 0x8035;
