import { refuse } from "../../errors.js";
import type { Connection } from "../../world/index.js";

/** Telnet's commands, each sent behind {@link iac}. @see RFC 854 */
export const telnetCommands = {
  /** End of a subnegotiation. */
  SE: 240,
  /** Nothing. */
  NOP: 241,
  /** Data mark: where a Synch ends. */
  DM: 242,
  /** Break. */
  BRK: 243,
  /** Interrupt process. */
  IP: 244,
  /** Abort output. */
  AO: 245,
  /** Are you there? */
  AYT: 246,
  /** Erase character. */
  EC: 247,
  /** Erase line. */
  EL: 248,
  /** Go ahead. */
  GA: 249,
  /** A subnegotiation begins. */
  SB: 250,
  /** "I will": an option. */
  WILL: 251,
  /** "I won't". */
  WONT: 252,
  /** "Do": please use an option. */
  DO: 253,
  /** "Don't". */
  DONT: 254,
} as const;

/** The name of a Telnet command. */
export type TelnetCommand = keyof typeof telnetCommands;

/** "Interpret as command": the byte before every command; doubled, it is data. */
export const iac = 255;

const { SE, DM, SB, WILL, DONT } = telnetCommands;
const names = new Map(Object.entries(telnetCommands).map(([name, code]) => [code as number, name as TelnetCommand]));

/** How much of a subnegotiation is kept; nobody may fill our memory. */
const keptBytes = 1024;

/** What a {@link TelnetReceiver} finds in a stream. */
export type TelnetEvent =
  | {
      /** Tells the events apart. */
      readonly kind: "data";
      /** What the user typed or the server printed, without escapes. */
      readonly bytes: Uint8Array;
    }
  | {
      /** Tells the events apart. */
      readonly kind: "command";
      /** Its name. */
      readonly command: TelnetCommand;
      /** The option that WILL, WONT, DO or DONT is about. */
      readonly option?: number;
    }
  | {
      /** Tells the events apart. */
      readonly kind: "subnegotiation";
      /** Its bytes, the option's number first; of a very long one, the first 1,024. */
      readonly bytes: Uint8Array;
    }
  | {
      /** Tells the events apart. */
      readonly kind: "synch";
      /** How many bytes of data were thrown away since the urgent news. */
      readonly discardedBytes: number;
    };

type State = "data" | "command" | "option" | "subnegotiation" | "subnegotiation command";

/**
 * Reads a Telnet stream, however it was cut into pieces. After {@link TelnetReceiver.urgent} it throws data away up to the data
 * mark, and still obeys commands: that is Telnet's *Synch*.
 *
 * Left out: what CR and NUL mean in a line, and the answers to options.
 *
 * @see RFC 854, "The TELNET Synch signal"
 */
export class TelnetReceiver {
  #state: State = "data";
  #verb: TelnetCommand = "NOP";
  #kept: number[] = [];
  /** Synchs that were announced and whose mark has not come. */
  #marksAhead = 0;
  #discardedBytes = 0;

  /** Whether data are being thrown away. */
  get isDiscarding(): boolean {
    return this.#marksAhead > 0;
  }

  /** The transport announced urgent data: what comes before the next data mark (of the urgent ones, the last) is thrown away. */
  urgent(): void {
    this.#marksAhead++;
  }

  /**
   * The events in the next bytes of the stream, in order; neighbouring data are one event.
   *
   * @throws {@link ParameterError} if `bytes` is not a Uint8Array.
   */
  receive(bytes: Uint8Array): TelnetEvent[] {
    if (!(bytes instanceof Uint8Array)) refuse("TelnetReceiver.receive", "bytes", "a Uint8Array", bytes);
    const events: TelnetEvent[] = [];
    let data: number[] = [];
    const emit = (event: TelnetEvent): void => {
      if (data.length > 0) events.push({ kind: "data", bytes: Uint8Array.from(data) });
      data = [];
      events.push(event);
    };
    for (const byte of bytes) {
      switch (this.#state) {
        case "data":
          if (byte === iac) this.#state = "command";
          else if (this.isDiscarding) this.#discardedBytes++;
          else data.push(byte);
          break;
        case "command":
          this.#state = "data";
          if (byte === iac) {
            if (this.isDiscarding) this.#discardedBytes++;
            else data.push(byte);
          } else this.#command(byte, emit);
          break;
        case "option":
          this.#state = "data";
          emit({ kind: "command", command: this.#verb, option: byte });
          break;
        case "subnegotiation":
          if (byte === iac) this.#state = "subnegotiation command";
          else this.#keep(byte);
          break;
        case "subnegotiation command":
          this.#state = "subnegotiation";
          if (byte === iac) this.#keep(byte);
          else {
            this.#state = "data";
            emit({ kind: "subnegotiation", bytes: Uint8Array.from(this.#kept) });
            this.#kept = [];
            // What is not its end belongs to a peer that forgot it.
            if (byte !== SE) this.#command(byte, emit);
          }
          break;
      }
    }
    if (data.length > 0) events.push({ kind: "data", bytes: Uint8Array.from(data) });
    return events;
  }

  #command(code: number, emit: (event: TelnetEvent) => void): void {
    const command = names.get(code);
    if (command === undefined) return;
    if (code === SB) this.#state = "subnegotiation";
    else if (code >= WILL && code <= DONT) {
      this.#verb = command;
      this.#state = "option";
    } else if (code === DM && this.isDiscarding) {
      this.#marksAhead--;
      if (this.isDiscarding) return;
      emit({ kind: "synch", discardedBytes: this.#discardedBytes });
      this.#discardedBytes = 0;
    } else emit({ kind: "command", command });
  }

  #keep(byte: number): void {
    if (this.#kept.length < keptBytes) this.#kept.push(byte);
  }
}

/** The bytes of a command without an option. */
export function telnetCommand(command: Exclude<TelnetCommand, "WILL" | "WONT" | "DO" | "DONT" | "SB">): Uint8Array {
  return Uint8Array.of(iac, telnetCommands[command]);
}

/** Data as a Telnet stream carries them: each 255 doubled. A text stands for its bytes in UTF-8. */
export function telnetData(data: Uint8Array | string): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  if (!(bytes instanceof Uint8Array)) refuse("telnetData", "data", "a Uint8Array or a text", data);
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === iac ? [iac, iac] : [byte])));
}

/**
 * Sends Telnet's *Synch*: an urgent byte, which passes all that the peer has not read, and a data mark in the stream behind it, which
 * says how far to throw away. Waits as `send` does.
 */
export async function sendSynch(connection: Connection): Promise<void> {
  connection.sendUrgent(DM);
  await connection.send(telnetCommand("DM"));
}
