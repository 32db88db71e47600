import { refuse } from "../../errors.js";
import { MalformedMessage } from "../xdr.js";
import {
  type AnyCodec,
  type ByteOrder,
  bool,
  bytesLeft,
  type Codec,
  counted,
  type FieldsOf,
  fields,
  i16,
  latin1Bytes,
  rest,
  string16,
  u8,
  u16,
  u32,
  unused,
  XReader,
  XWriter,
} from "./wire.js";

/** A reply's second byte under its name, and what stands from its eighth byte on. */
interface Layout<D, F> {
  readonly data: Codec<D>;
  readonly body: Codec<F>;
}

function reply<const D extends Record<string, AnyCodec>, const F extends Record<string, AnyCodec>>(
  data: D,
  body: F,
): Layout<FieldsOf<D>, FieldsOf<F>> {
  return { data: fields(data), body: fields(body) };
}

const none = {} as const;
const rgb = { red: u16, green: u16, blue: u16 } as const;
const characterInfo = fields({
  leftBearing: i16,
  rightBearing: i16,
  width: i16,
  ascent: i16,
  descent: i16,
  attributes: u16,
});
const fontProperty = fields({ name: u32, value: u32 });

/** Texts with their lengths in one byte each. */
const shortString: Codec<string> = {
  read: (from) => String.fromCharCode(...from.bytes(from.u8())),
  write(to, value) {
    to.u8(value.length);
    to.bytes(latin1Bytes(value));
  },
};

const fontHead = fields({
  minBounds: characterInfo,
  gap1: unused(4),
  maxBounds: characterInfo,
  gap2: unused(4),
  minCharacter: u16,
  maxCharacter: u16,
  defaultCharacter: u16,
});
const fontTail = fields({
  drawDirection: u8,
  minByte1: u8,
  maxByte1: u8,
  allCharactersExist: bool,
  ascent: i16,
  descent: i16,
});
type FontInfo = ValueOfCodec<typeof fontHead> &
  ValueOfCodec<typeof fontTail> & { readonly properties: readonly { name: number; value: number }[] };
type ValueOfCodec<C> = C extends Codec<infer T> ? T : never;

/** What QueryFont and ListFontsWithInfo say of a font; a count behind it means characters in one, and a hint in the other. */
function fontInfo<R>(
  more: (from: XReader, count: number) => R,
  write: (to: XWriter, value: R) => void,
): Codec<FontInfo & R> {
  return {
    read(from) {
      const head = fontHead.read(from);
      const propertyCount = from.u16();
      const tail = fontTail.read(from);
      const count = from.u32();
      const properties = takeAll(from, propertyCount, fontProperty, 8);
      return { ...head, ...tail, properties, ...more(from, count) };
    },
    write(to, value) {
      fontHead.write(to, value);
      to.u16(value.properties.length);
      fontTail.write(to, value);
      write(to, value);
    },
  };
}

function takeAll<T>(from: XReader, count: number, codec: Codec<T>, size: number): T[] {
  if (count * size > from.left) throw new MalformedMessage(`a list of ${count} values ends too soon`);
  return Array.from({ length: count }, () => codec.read(from));
}

const writeProperties = (to: XWriter, { properties }: { properties: FontInfo["properties"] }) => {
  for (const each of properties) fontProperty.write(to, each);
};

const wholeFont = fontInfo(
  (from, count) => ({
    characters: takeAll(from, count, characterInfo, 12) as readonly ValueOfCodec<typeof characterInfo>[],
  }),
  (to, value) => {
    to.u32(value.characters.length);
    writeProperties(to, value as never);
    for (const each of value.characters) characterInfo.write(to, each);
  },
);
const namedFont = fontInfo(
  (from, hint) => ({ hint, font: String.fromCharCode(...from.bytes(from.left)).replace(/\0+$/, "") }),
  (to, value) => {
    to.u32(value.hint);
    writeProperties(to, value as never);
    to.bytes(latin1Bytes(value.font));
  },
);

const layouts = {
  GetWindowAttributes: reply(
    { backingStore: u8 },
    {
      visual: u32,
      windowClass: u16,
      bitGravity: u8,
      winGravity: u8,
      backingPlanes: u32,
      backingPixel: u32,
      saveUnder: bool,
      mapIsInstalled: bool,
      mapState: u8,
      overrideRedirect: bool,
      colormap: u32,
      allEventMasks: u32,
      yourEventMask: u32,
      doNotPropagateMask: u16,
      gap: unused(2),
    },
  ),
  GetGeometry: reply({ depth: u8 }, { root: u32, x: i16, y: i16, width: u16, height: u16, borderWidth: u16 }),
  QueryTree: reply(none, { root: u32, parent: u32, children: counted(u32, 4, u16, 14) }),
  InternAtom: reply(none, { atom: u32 }),
  GetAtomName: reply(none, { name: string16(22) }),
  GetProperty: reply({ format: u8 }, { type: u32, bytesAfter: u32, units: u32, gap: unused(12), value: bytesLeft }),
  ListProperties: reply(none, { atoms: counted(u32, 4, u16, 22) }),
  GetSelectionOwner: reply(none, { owner: u32 }),
  GrabPointer: reply({ status: u8 }, {}),
  QueryPointer: reply(
    { sameScreen: bool },
    { root: u32, child: u32, rootX: i16, rootY: i16, x: i16, y: i16, mask: u16 },
  ),
  TranslateCoordinates: reply({ sameScreen: bool }, { child: u32, x: i16, y: i16 }),
  GetInputFocus: reply({ revertTo: u8 }, { focus: u32 }),
  QueryKeymap: reply(none, { keys: bytesLeft }),
  QueryFont: reply(none, { info: wholeFont }),
  ListFonts: reply(none, { names: counted(shortString, 1, u16, 22) }),
  ListFontsWithInfo: reply({ nameLength: u8 }, { info: namedFont }),
  GetImage: reply({ depth: u8 }, { visual: u32, gap: unused(20), image: bytesLeft }),
  AllocColor: reply(none, { ...rgb, gap: unused(2), pixel: u32 }),
  AllocNamedColor: reply(none, {
    pixel: u32,
    exact: fields(rgb),
    screen: fields(rgb),
  }),
  QueryColors: reply(none, { colors: counted(fields({ ...rgb, gap: unused(2) }), 8, u16, 22) }),
  LookupColor: reply(none, { exact: fields(rgb), screen: fields(rgb) }),
  QueryBestSize: reply(none, { width: u16, height: u16 }),
  QueryExtension: reply(none, { present: bool, majorOpcode: u8, firstEvent: u8, firstError: u8 }),
  ListExtensions: reply({ count: u8 }, { gap: unused(24), names: bytesLeft }),
  GetKeyboardMapping: reply({ keysymsPerKeycode: u8 }, { gap: unused(24), keysyms: rest(u32, 4) }),
  GetKeyboardControl: reply(
    { globalAutoRepeat: bool },
    {
      ledMask: u32,
      keyClickPercent: u8,
      bellPercent: u8,
      bellPitch: u16,
      bellDuration: u16,
      gap: unused(2),
      autoRepeats: bytesLeft,
    },
  ),
  GetPointerMapping: reply({ count: u8 }, { gap: unused(24), buttons: bytesLeft }),
  GetModifierMapping: reply({ keycodesPerModifier: u8 }, { gap: unused(24), keycodes: bytesLeft }),
  /** The answer to Enable of the extension BIG-REQUESTS: in units of four bytes. */
  BigRequestsEnable: reply(none, { maximumLength: u32 }),
};

type Layouts = typeof layouts;
/** The name of a reply that {@link encodeXReply} and {@link decodeXReply} know: that of its request. */
export type XReplyName = keyof Layouts;
/** A reply's fields: numbers, texts and lists under the names of Xproto.h, written out. */
export type XReplyFields<N extends XReplyName = XReplyName> =
  Layouts[N] extends Layout<infer D, infer F> ? D & F : never;

/**
 * A reply as bytes: 32, and more where lists follow, in units of four.
 *
 * @param sequence the number of the request that it answers, of which 16 bits travel.
 * @throws {@link ParameterError} if there is no such reply, or a field does not fit.
 */
export function encodeXReply<N extends XReplyName>(
  name: N,
  sequence: number,
  value: XReplyFields<N>,
  order: ByteOrder,
): Uint8Array {
  if (!Object.hasOwn(layouts, name)) refuse("encodeXReply", "name", "the name of a reply", name);
  const { data, body } = layouts[name] as unknown as Layout<unknown, unknown>;
  const to = new XWriter(order);
  to.u8(1);
  data.write(to, value);
  if (to.at === 1) to.skip(1);
  to.u16(sequence & 0xffff);
  to.skip(4);
  body.write(to, value);
  to.pad();
  to.skip(Math.max(0, 32 - to.at));
  const bytes = to.finish();
  new DataView(bytes.buffer).setUint32(4, (bytes.length - 32) / 4, order === "little");
  return bytes;
}

/**
 * What a reply says. Which request it answers its bytes do not tell: `name` must.
 *
 * @throws {@link MalformedMessage} if it is shorter than what it announces.
 */
export function decodeXReply<N extends XReplyName>(name: N, bytes: Uint8Array, order: ByteOrder): XReplyFields<N> {
  if (!Object.hasOwn(layouts, name)) refuse("decodeXReply", "name", "the name of a reply", name);
  const { data, body } = layouts[name] as unknown as Layout<object, object>;
  return { ...data.read(new XReader(bytes, order, 1)), ...body.read(new XReader(bytes, order, 8)) } as XReplyFields<N>;
}
