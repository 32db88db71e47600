/** The peer of live runs: an echo over bare node:net with the same framing (length, type, MessagePack). usage: stream MESSAGES | short CONNECTIONS */
import { connect, createServer, type Socket } from "node:net";
import { Packr } from "msgpackr";
import { main, type Timed, timedByClock } from "../ours/timed.js";

const packr = new Packr({ useRecords: false });

function send(socket: Socket, message: unknown): void {
  const payload = packr.pack(message);
  const frame = Buffer.allocUnsafe(5 + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame[4] = 1;
  payload.copy(frame, 5);
  socket.write(frame);
}

function onMessages(socket: Socket, take: (message: unknown) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(0)) {
      const end = 5 + rest.readUInt32BE(0);
      take(packr.unpack(rest.subarray(5, end)));
      rest = rest.subarray(end);
    }
  });
}

function client(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => resolve(socket));
    socket.on("error", reject);
  });
}

async function withServer(units: number, work: (port: number) => Promise<void>): Promise<Timed> {
  const server = createServer({ noDelay: true }, (socket) => onMessages(socket, (message) => send(socket, message)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("no port");
  const result = await timedByClock(units, async () => {
    await work(address.port);
    return 0;
  });
  server.close();
  return result;
}

const stream = (count: number): Promise<Timed> =>
  withServer(count, async (port) => {
    const socket = await client(port);
    let arrived = (): void => {};
    onMessages(socket, () => arrived());
    for (let i = 0; i < count / 2; i++) {
      const answer = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      send(socket, { number: i, text: "hello" });
      await answer;
    }
    socket.end();
  });

const short = (count: number): Promise<Timed> =>
  withServer(count, async (port) => {
    for (let i = 0; i < count; i++) {
      const socket = await client(port);
      const answer = new Promise<void>((resolve) => onMessages(socket, () => resolve()));
      send(socket, { number: i, text: "hello" });
      await answer;
      socket.end();
    }
  });

await main({ stream, short });
