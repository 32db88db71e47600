/**
 * Run in a network of its own: two ends send each other random bytes, and one of them is taken out of TCP and put in again, at
 * random moments. Prints what was moved with each end's queues, and how many bytes came wrong.
 */
import { spawnSync } from "node:child_process";
import { socketsApi } from "../../../kernel-lib/live/system/sockets-api.js";
import { tcpRepair } from "../../../kernel-lib/live/system/tcp-repair.js";

const rules = "table ip quiet {\n chain out {\n type filter hook output priority 0\n tcp flags rst drop\n }\n}\n";
if (spawnSync("nft", ["-f", "-"], { input: rules }).status !== 0) throw new Error("nft refuses");
const api = await socketsApi();
const repair = await tcpRepair();
const listener = api.socket();
const port = api.bind(listener, 0);
api.listen(listener, 1);
const client = api.socket();
api.connect(client, port);
let server = api.accept(listener);

let state = 42;
const random = (below: number): number => {
  state = (state * 48_271) % 2_147_483_647;
  return state % below;
};
/** One direction: byte number n is n's own pattern, so that a lost, doubled or swapped byte shows. */
const direction = () => ({ sent: 0, received: 0 });
const pattern = (n: number): number => (n ^ (n >> 8) ^ (n >> 16)) & 255;
const [up, down] = [direction(), direction()];
let differences = 0;
const write = (fd: number, way: { sent: number }): void => {
  const bytes = Uint8Array.from({ length: 1 + random(60_000) }, (_, i) => pattern(way.sent + i));
  way.sent += api.send(fd, bytes, false);
};
const read = (fd: number, way: { received: number }, atMost: number): number => {
  const bytes = api.receive(fd, atMost) ?? new Uint8Array(0);
  for (const byte of bytes) if (byte !== pattern(way.received++)) differences++;
  return bytes.length;
};
const found = { moves: 0, withUnread: 0, withUnacknowledged: 0 };
while (found.moves < 40) {
  for (let i = random(12); i > 0; i--) {
    const act = random(4);
    if (act === 0) write(client, up);
    else if (act === 1) write(server, down);
    else if (act === 2) read(client, down, random(50_000) + 1);
    else read(server, up, random(50_000) + 1);
  }
  const frozen = repair.freeze(server);
  found.moves++;
  if (frozen.unread.length > 0) found.withUnread++;
  if (frozen.unacknowledged.length > 0) found.withUnacknowledged++;
  server = repair.thaw(frozen);
}
// All that is under way comes, in time: what was lost is sent again.
for (const endMs = performance.now() + 20_000; performance.now() < endMs; ) {
  const came = read(client, down, 65_536) + read(server, up, 65_536);
  if (up.received === up.sent && down.received === down.sent) break;
  if (came === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}
differences += up.sent - up.received + (down.sent - down.received);
process.stdout.write(JSON.stringify({ ...found, differences, up, down }), () => process.exit(0));
