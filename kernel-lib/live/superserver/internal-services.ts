import type { Socket } from "node:net";

/**
 * The services that a superserver gives itself, on one connection each: `echo` (RFC 862), `discard` (RFC 863), `chargen` (RFC 864),
 * `daytime` (RFC 867, local time in the form of C's `ctime`), `time` (RFC 868).
 */
export const internalServices: Readonly<Record<string, (socket: Socket) => void>> = {
  echo: (socket) => void socket.pipe(socket),
  discard: (socket) => void socket.resume().once("end", () => socket.end()),
  chargen(socket) {
    let first = 0;
    const write = (): void => {
      while (socket.writable && socket.write(chargenLine(first))) first = (first + 1) % printable.length;
      first = (first + 1) % printable.length;
    };
    socket.on("drain", write).resume();
    write();
  },
  daytime: (socket) => void socket.resume().end(`${ctime(new Date())}\r\n`),
  time(socket) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE((Math.floor(Date.now() / 1000) + secondsTo1970) % 2 ** 32);
    socket.resume().end(bytes);
  },
};

/** From 1900, when RFC 868 begins to count, to 1970. */
const secondsTo1970 = 2_208_988_800;

const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");

/** One of the 95 lines of RFC 864: 72 characters, each line beginning with the next. */
function chargenLine(first: number): string {
  return `${(printable + printable).slice(first, first + 72)}\r\n`;
}

/** `Wed Nov  5 17:05:09 2026` */
function ctime(date: Date): string {
  const [day, month, number = "", year, time] = date.toString().split(" ");
  return `${day} ${month} ${number.replace(/^0/, " ")} ${time} ${year}`;
}
