import { execFile, execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { inEnglish } from "./english.js";

/** The name of the user that this process runs as; the number, if it has no name. */
export function currentUser(): string {
  const uid = process.getuid?.();
  if (uid === 0) return "root";
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

/** Whether this machine has a user of this name. */
export function isUser(name: string): boolean {
  try {
    execFileSync("id", ["-u", "--", name], { stdio: "ignore", env: inEnglish() });
    return true;
  } catch {
    return false;
  }
}

/**
 * The numbers of a user and of a group, the user's own unless told.
 *
 * @throws Error if this machine has no such user or group.
 */
export async function findUser(wanted: { readonly user: string; readonly group: string | undefined }): Promise<{
  readonly uid: number;
  readonly gid: number;
}> {
  const { user, group } = wanted;
  const ask = async (option: string): Promise<number> => {
    try {
      return Number((await promisify(execFile)("id", [option, "--", user], { env: inEnglish() })).stdout);
    } catch (cause) {
      throw new Error(`this machine has no user ${user}`, { cause });
    }
  };
  const uid = await ask("-u");
  if (group === undefined) return { uid, gid: await ask("-g") };
  const rows = (await readFile("/etc/group", "utf8")).split("\n").map((line) => line.split(":"));
  const row = rows.find(([name]) => name === group);
  if (!row) throw new Error(`this machine has no group ${group}`);
  return { uid, gid: Number(row[2]) };
}
