import { request } from "node:http";
import { checkPositive, checkWhole } from "../../../errors.js";
import type { CalendarRequest } from "../../../protocol/index.js";
import { MessageError, TimedOut } from "../../../world/errors.js";

/** What a calendar server answered, and what it took on the wire. */
export interface CalendarReply {
  /** HTTP's status. */
  readonly status: number;
  /** The entry's version, where the server names one: what If-Match wants. */
  readonly etag?: string;
  /** The body, as text in UTF-8. */
  readonly body: string;
  /** All bytes of the request, headers too. */
  readonly sentBytes: number;
  /** All bytes of the answer, headers too. */
  readonly receivedBytes: number;
}

const mostBytes = 16_777_216;

/**
 * Sends one request to a calendar server on loopback, over a connection of its own, as the user `ana`.
 *
 * @throws {@link TimedOut} if the answer is not whole within `timeoutMs`, 10,000 unless told; {@link MessageError} if it is longer than 16 MiB; what
 *   Node throws if nobody listens.
 */
export function askCalendar(
  port: number,
  { method, path, headers, body }: CalendarRequest,
  timeoutMs = 10_000,
): Promise<CalendarReply> {
  checkWhole("askCalendar", "port", port, 1, 65_535);
  checkPositive("askCalendar", "timeoutMs", timeoutMs);
  const bytes = Buffer.from(body, "utf8");
  const authorization = `Basic ${Buffer.from("ana:").toString("base64")}`;
  return new Promise((resolve, reject) => {
    const asked = request({
      host: "127.0.0.1",
      port,
      method,
      path,
      agent: false,
      headers: { ...headers, Authorization: authorization, "Content-Length": bytes.length, Connection: "close" },
    });
    const timer = setTimeout(
      () => asked.destroy(new TimedOut(`askCalendar: no answer to ${method} ${path} in ${timeoutMs} ms`)),
      timeoutMs,
    );
    const pieces: Buffer[] = [];
    let length = 0;
    asked.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    asked.on("response", (response) => {
      const { socket } = response;
      response.on("data", (piece: Buffer) => {
        length += piece.length;
        if (length > mostBytes)
          asked.destroy(
            new MessageError(`askCalendar: the answer to ${method} ${path} has more than ${mostBytes} bytes`),
          );
        else pieces.push(piece);
      });
      response.on("error", reject);
      response.on("end", () => {
        clearTimeout(timer);
        const { etag } = response.headers;
        const [sentBytes, receivedBytes] = [socket.bytesWritten, socket.bytesRead];
        const text = Buffer.concat(pieces).toString("utf8");
        resolve({ status: response.statusCode ?? 0, ...(etag && { etag }), body: text, sentBytes, receivedBytes });
      });
    });
    asked.end(bytes);
  });
}
