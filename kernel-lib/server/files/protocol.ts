import { checkWhole, NamedError } from "../../errors.js";

/** A block as the server keeps it. */
export interface StoredBlock {
  /** Which write it comes from: a text that each write makes anew; empty for a block that was never written. */
  readonly version: string;
  /** Its contents. */
  readonly data: Uint8Array;
}

/** What a client may do with its copies: read them, or also change them. */
export type GrantMode = "read" | "write";

/** What a client asks of a file server. */
export type FileRequest =
  /** Who speaks. Only servers that track their clients are greeted. */
  | { readonly op: "hello"; readonly client: string; readonly incarnation: number }
  /** Is there such a file? What opening is to a server that does not remember opens. */
  | { readonly op: "lookup"; readonly file: string }
  /** A block; if it is the `known` version still, without its contents. Stateful servers take the file from the handle. */
  | {
      readonly op: "read";
      readonly file: string;
      readonly block: number;
      readonly known?: string | undefined;
      readonly handle?: number;
    }
  /** Puts a block onto the disk; answered when it is there. */
  | {
      readonly op: "write";
      readonly file: string;
      readonly block: number;
      readonly version: string;
      readonly data: Uint8Array;
      readonly handle?: number;
    }
  /** Enters a file into the table of open files, under a number that the client chose. */
  | { readonly op: "open"; readonly file: string; readonly handle: number }
  /** Takes it out again. */
  | { readonly op: "close"; readonly handle: number }
  /** Asks to be the only one with a copy, so that writes may stay at the client. */
  | { readonly op: "acquire"; readonly file: string; readonly handle: number }
  /** A block that stayed at the client so far. */
  | {
      readonly op: "flush";
      readonly file: string;
      readonly block: number;
      readonly version: string;
      readonly data: Uint8Array;
    }
  /** What the client had before the server's machine crashed. */
  | {
      readonly op: "reclaim";
      readonly opens: readonly { readonly handle: number; readonly file: string }[];
      readonly grants: readonly { readonly file: string; readonly mode: GrantMode }[];
    }
  /** The client leaves, and with it all that the server knows of it. */
  | { readonly op: "goodbye" }
  /** The client has let go of what was recalled. Not answered. */
  | { readonly op: "released"; readonly recall: number }
  /** What does the server know of its clients? */
  | { readonly op: "status" };

/** What the server answers; which fields there are depends on the request. */
export interface FileReply {
  /** Why it was not done. */
  readonly error?: string;
  /** Of a block: its version. */
  readonly version?: string;
  /** Of a block: its contents, unless the client's version is the server's. */
  readonly data?: Uint8Array;
  /** How long the client may use its copy without asking, from when it asked. */
  readonly termMs?: number;
  /** Counts grants and recalls of one server: a copy is no good if a recall with a higher number came. */
  readonly serial?: number;
  /** To a greeting: whether the server still has what it knew of this client. */
  readonly known?: boolean;
  /** To a greeting: whether it may be reclaimed. */
  readonly inGrace?: boolean;
  /** To a question for its status. */
  readonly status?: FileServerStatus;
}

/** A message that the server sends unasked: let go of your copies of this file. */
export interface Recall {
  /** To be named when it is done. */
  readonly recall: number;
  /** The file. */
  readonly file: string;
  /** See {@link FileReply.serial}. */
  readonly serial: number;
}

/** What a file server knows of its clients at a moment. */
export interface FileServerStatus {
  /** Entries in its table of open files. */
  readonly openFiles: number;
  /** Leases that have not run out, or promises to call back. */
  readonly grants: number;
  /** Clients that it knows. */
  readonly clients: number;
  /** Blocks in its memory. */
  readonly blocksInMemory: number;
}

/** The server could not do what was asked: it has lost what it knew of this client, or never knew. */
export class FileError extends NamedError {}

/** A block with a text at its beginning and zeros behind it, as long as `bytes`. */
export function blockOf(text: string, bytes = 4096): Uint8Array {
  checkWhole("blockOf", "bytes", bytes, 0, 1_048_576);
  const block = new Uint8Array(bytes);
  for (let i = 0; i < text.length && i < bytes; i++) block[i] = text.charCodeAt(i) & 0x7f;
  return block;
}

/** The text at the beginning of a block: what {@link blockOf} put there; empty for a block of zeros. */
export function textOf(block: Uint8Array): string {
  const end = block.indexOf(0);
  return String.fromCharCode(...block.subarray(0, end === -1 ? block.length : end));
}
