import { type ByteOrder, XReader, XWriter } from "./wire.js";

/** The name of an error of the core protocol. */
export type XErrorName =
  | "Request"
  | "Value"
  | "Window"
  | "Pixmap"
  | "Atom"
  | "Cursor"
  | "Font"
  | "Match"
  | "Drawable"
  | "Access"
  | "Alloc"
  | "Colormap"
  | "GContext"
  | "IDChoice"
  | "Name"
  | "Length"
  | "Implementation";

/** The errors of the core protocol and their codes. @see X.h */
export const xErrorCodes: Readonly<Record<XErrorName, number>> = {
  Request: 1,
  Value: 2,
  Window: 3,
  Pixmap: 4,
  Atom: 5,
  Cursor: 6,
  Font: 7,
  Match: 8,
  Drawable: 9,
  Access: 10,
  Alloc: 11,
  Colormap: 12,
  GContext: 13,
  IDChoice: 14,
  Name: 15,
  Length: 16,
  Implementation: 17,
};

const names = new Map(Object.entries(xErrorCodes).map(([name, code]) => [code as number, name as XErrorName]));

/** What a display says of a request that failed. */
export interface XErrorFields {
  /** Its name; `extension 140` for codes of extensions. */
  readonly name: string;
  /** The number of the request. */
  readonly sequence: number;
  /** The value or identifier that was wrong. */
  readonly badValue: number;
  /** The request's opcode. */
  readonly majorOpcode: number;
  /** That of an extension's request. */
  readonly minorOpcode: number;
}

/** An error as its 32 bytes. */
export function encodeXError(name: XErrorName, fields: Omit<XErrorFields, "name">, order: ByteOrder): Uint8Array {
  const to = new XWriter(order);
  to.u8(0);
  to.u8(xErrorCodes[name]);
  to.u16(fields.sequence & 0xffff);
  to.u32(fields.badValue >>> 0);
  to.u16(fields.minorOpcode);
  to.u8(fields.majorOpcode);
  to.skip(32 - to.at);
  return to.finish();
}

/** What an error says. @throws {@link MalformedMessage} if it is too short. */
export function decodeXError(bytes: Uint8Array, order: ByteOrder): XErrorFields {
  const from = new XReader(bytes, order, 1);
  const code = from.u8();
  const [sequence, badValue, minorOpcode, majorOpcode] = [from.u16(), from.u32(), from.u16(), from.u8()];
  return { name: names.get(code) ?? `extension ${code}`, sequence, badValue, minorOpcode, majorOpcode };
}
