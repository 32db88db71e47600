import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import type { Duplex } from "node:stream";

/** A client's end of a WebSocket: binary messages, as long as memory holds, in both directions (RFC 6455). */
export class WebSocketClient {
  readonly #socket: Duplex;
  #unread: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];

  private constructor(socket: Duplex, take: (message: Buffer) => void) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#unread = this.#unread.length > 0 ? Buffer.concat([this.#unread, chunk]) : chunk;
      while (this.#takeFrame(take));
    });
    socket.on("error", () => {}); // the server has gone: whoever waits for an answer has a time limit
  }

  /** @param protocol the subprotocol that is asked for; rejects if the server does not agree to it. */
  static open(url: URL, protocol: string, take: (message: Buffer) => void): Promise<WebSocketClient> {
    const key = randomBytes(16).toString("base64");
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    return new Promise((resolve, reject) => {
      const asked = request(url, {
        headers: {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": key,
          "sec-websocket-protocol": protocol,
        },
      });
      asked.on("upgrade", ({ headers }, socket, head) => {
        if (headers["sec-websocket-accept"] !== accept) reject(new Error("the server answered another handshake"));
        else if (headers["sec-websocket-protocol"] !== protocol) reject(new Error(`the server has no ${protocol}`));
        else {
          if (head.length > 0) socket.unshift(head);
          resolve(new WebSocketClient(socket, take));
        }
      });
      asked.on("response", ({ statusCode }) => reject(new Error(`the server answered ${statusCode}`)));
      asked.on("error", reject);
      asked.end();
    });
  }

  send(payload: Buffer): void {
    this.#send(2, payload);
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(opcode: number, payload: Buffer): void {
    // A control frame must have the short form of a length, else the server hangs up.
    const isShort = payload.length < 126;
    const head = Buffer.alloc(isShort ? 2 : 10);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (isShort ? payload.length : 127);
    if (!isShort) head.writeBigUInt64BE(BigInt(payload.length), 2);
    const mask = Buffer.alloc(4); // of zeros: it must be there, and hides nothing
    this.#socket.write(Buffer.concat([head, mask, payload]));
  }

  /** Takes one frame if it has come whole. */
  #takeFrame(take: (message: Buffer) => void): boolean {
    const buffer = this.#unread;
    if (buffer.length < 2) return false;
    const short = (buffer[1] as number) & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (buffer.length < start) return false;
    const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
    if (buffer.length < start + length) return false;
    const payload = buffer.subarray(start, start + length);
    this.#unread = buffer.subarray(start + length);
    const opcode = (buffer[0] as number) & 0x0f;
    if (opcode === 9) this.#send(10, payload);
    else if (opcode <= 2) {
      this.#parts.push(payload);
      if ((buffer[0] as number) & 0x80) take(Buffer.concat(this.#parts.splice(0)));
    }
    return true;
  }
}
