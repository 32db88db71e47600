import { checkWhole, refuse } from "../../errors.js";
import { TelnetReceiver } from "./telnet.js";

/** A command of FTP's control connection. */
export interface FtpCommand {
  /** In capitals: `RETR`. */
  readonly verb: string;
  /** What stands behind it; empty if nothing does. */
  readonly argument: string;
}

/** The longest line that is kept; the rest of a longer one is dropped. */
const longestLine = 512;

/**
 * Reads the commands of FTP's control connection, which is a Telnet stream: lines that end with CR LF or LF, with Telnet's commands
 * among them. After {@link FtpCommandReader.urgent} it throws lines away up to the data mark, also the one that has begun; an `ABOR`
 * behind the mark is read.
 *
 * @see RFC 959 §4.1.3; RFC 1123 §4.1.2.8
 */
export class FtpCommandReader {
  readonly #telnet = new TelnetReceiver();
  #line: number[] = [];

  /** The transport announced urgent data. */
  urgent(): void {
    this.#telnet.urgent();
    this.#line = [];
  }

  /** The commands that the next bytes complete, in order; empty lines are none. */
  receive(bytes: Uint8Array): FtpCommand[] {
    const commands: FtpCommand[] = [];
    for (const event of this.#telnet.receive(bytes)) {
      if (event.kind !== "data") continue;
      for (const byte of event.bytes) {
        if (byte !== 10) {
          if (this.#line.length < longestLine) this.#line.push(byte);
          continue;
        }
        const line = new TextDecoder().decode(Uint8Array.from(this.#line)).trim();
        this.#line = [];
        if (line === "") continue;
        const space = line.indexOf(" ");
        const verb = space < 0 ? line : line.slice(0, space);
        commands.push({ verb: verb.toUpperCase(), argument: space < 0 ? "" : line.slice(space + 1).trim() });
      }
    }
    return commands;
  }
}

/** A reply of FTP: three digits and a text, as bytes of the control connection. */
export function ftpReply(code: number, text: string): Uint8Array {
  checkWhole("ftpReply", "code", code, 100, 659);
  if (typeof text !== "string" || /[\r\n]/.test(text)) refuse("ftpReply", "text", "a single line", text);
  return new TextEncoder().encode(`${code} ${text}\r\n`);
}

/** A command of FTP as bytes of the control connection. */
export function ftpCommand(verb: string, argument = ""): Uint8Array {
  if (!/^[A-Za-z]{3,4}$/.test(verb)) refuse("ftpCommand", "verb", "three or four letters", verb);
  if (/[\r\n]/.test(argument)) refuse("ftpCommand", "argument", "a single line", argument);
  return new TextEncoder().encode(`${verb.toUpperCase()}${argument === "" ? "" : ` ${argument}`}\r\n`);
}
