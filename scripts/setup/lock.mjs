// One set-up at a time in a checkout. The lock names its holder; a holder that has died loses it.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Takes the lock, waiting while another process holds it; `onWait(pid)` is called once. @returns the release. */
export async function takeLock(file, onWait = () => {}) {
  mkdirSync(path.dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  const identity = `${process.pid} ${startedAt(process.pid)}`;
  let told = false;
  for (;;) {
    writeFileSync(mine, identity);
    try {
      linkSync(mine, file); // fails if the lock exists; never shows a half-written lock
      return () => readHolder(file) === identity && rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    const holder = readHolder(file);
    if (holder === undefined) continue;
    const [pid, started] = holder.split(" ");
    if (isAlive(Number(pid)) && startedAt(pid) === started) {
      if (!told) onWait(Number(pid));
      told = true;
      await sleep(200);
    } else discard(file, holder, mine);
  }
}

// Two waiters may find the same dead holder: what is moved away must still be what was read, else it is put back.
function discard(file, holder, mine) {
  const aside = `${mine}.stale`;
  try {
    renameSync(file, aside);
    if (readHolder(aside) !== holder) linkSync(aside, file);
  } catch {}
  rmSync(aside, { force: true });
}

function readHolder(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

// On Linux the start time tells a holder from a later process with the same pid; elsewhere the pid alone must do.
function startedAt(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return "-";
  }
}
