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
  padding,
  rest,
  string16,
  u8,
  u16,
  u32,
  unused,
  valueList,
  type XBytes,
  XReader,
  XWriter,
} from "./wire.js";

/** A request's second byte under its name, and the rest. */
interface Layout<D, F> {
  readonly opcode: number;
  readonly data: Codec<D>;
  readonly body: Codec<F>;
}

const none = {} as const;

function request<
  const D extends Record<string, AnyCodec>,
  const F extends Record<string, AnyCodec> = Record<never, never>,
>(opcode: number, data: D, body?: F): Layout<FieldsOf<D>, FieldsOf<F>> {
  return { opcode, data: fields(data), body: fields(body ?? ({} as F)) };
}

export const point: Codec<{ x: number; y: number }> = fields({ x: i16, y: i16 });
export const rectangle: Codec<{ x: number; y: number; width: number; height: number }> = fields({
  x: i16,
  y: i16,
  width: u16,
  height: u16,
});
const segment = fields({ x1: i16, y1: i16, x2: i16, y2: i16 });
const arc = fields({ x: i16, y: i16, width: u16, height: u16, angle1: i16, angle2: i16 });

const windowValues = valueList([
  "backgroundPixmap",
  "backgroundPixel",
  "borderPixmap",
  "borderPixel",
  "bitGravity",
  "winGravity",
  "backingStore",
  "backingPlanes",
  "backingPixel",
  "overrideRedirect",
  "saveUnder",
  "eventMask",
  "doNotPropagateMask",
  "colormap",
  "cursor",
]);
const contextNames = [
  "function",
  "planeMask",
  "foreground",
  "background",
  "lineWidth",
  "lineStyle",
  "capStyle",
  "joinStyle",
  "fillStyle",
  "fillRule",
  "tile",
  "stipple",
  "tileStippleX",
  "tileStippleY",
  "font",
  "subwindowMode",
  "graphicsExposures",
  "clipX",
  "clipY",
  "clipMask",
  "dashOffset",
  "dashes",
  "arcMode",
] as const;
const contextValues = valueList(contextNames);
const configureValues = valueList(["x", "y", "width", "height", "borderWidth", "sibling", "stackMode"], u16, 2);

/** The format (8, 16 or 32 bits a unit) of a property, the number of its units, and these as bytes in the client's order. */
const propertyData: Codec<{ format: number; value: XBytes }> = {
  read(from) {
    const format = from.u8();
    from.skip(3);
    return { format, value: from.bytes((from.u32() * format) / 8) };
  },
  write(to, { format, value }) {
    to.u8(format);
    to.skip(3);
    to.u32((8 * value.length) / format);
    to.bytes(value);
  },
};

const drawable = { drawable: u32, gc: u32 } as const;

/** One request of the core protocol, as far as our display and our clients use it. */
const layouts = {
  CreateWindow: request(
    1,
    { depth: u8 },
    {
      window: u32,
      parent: u32,
      x: i16,
      y: i16,
      width: u16,
      height: u16,
      borderWidth: u16,
      windowClass: u16,
      visual: u32,
      values: windowValues,
    },
  ),
  ChangeWindowAttributes: request(2, none, { window: u32, values: windowValues }),
  GetWindowAttributes: request(3, none, { window: u32 }),
  DestroyWindow: request(4, none, { window: u32 }),
  DestroySubwindows: request(5, none, { window: u32 }),
  ReparentWindow: request(7, none, { window: u32, parent: u32, x: i16, y: i16 }),
  MapWindow: request(8, none, { window: u32 }),
  MapSubwindows: request(9, none, { window: u32 }),
  UnmapWindow: request(10, none, { window: u32 }),
  UnmapSubwindows: request(11, none, { window: u32 }),
  ConfigureWindow: request(12, none, { window: u32, values: configureValues }),
  GetGeometry: request(14, none, { drawable: u32 }),
  QueryTree: request(15, none, { window: u32 }),
  InternAtom: request(16, { onlyIfExists: bool }, { name: string16(2) }),
  GetAtomName: request(17, none, { atom: u32 }),
  ChangeProperty: request(18, { mode: u8 }, { window: u32, property: u32, type: u32, data: propertyData }),
  DeleteProperty: request(19, none, { window: u32, property: u32 }),
  GetProperty: request(
    20,
    { delete: bool },
    { window: u32, property: u32, type: u32, longOffset: u32, longLength: u32 },
  ),
  ListProperties: request(21, none, { window: u32 }),
  SetSelectionOwner: request(22, none, { owner: u32, selection: u32, time: u32 }),
  GetSelectionOwner: request(23, none, { selection: u32 }),
  GrabPointer: request(
    26,
    { ownerEvents: bool },
    { window: u32, eventMask: u16, pointerMode: u8, keyboardMode: u8, confineTo: u32, cursor: u32, time: u32 },
  ),
  UngrabPointer: request(27, none, { time: u32 }),
  GrabServer: request(36, none),
  UngrabServer: request(37, none),
  QueryPointer: request(38, none, { window: u32 }),
  TranslateCoordinates: request(40, none, { source: u32, destination: u32, x: i16, y: i16 }),
  SetInputFocus: request(42, { revertTo: u8 }, { focus: u32, time: u32 }),
  GetInputFocus: request(43, none),
  QueryKeymap: request(44, none),
  OpenFont: request(45, none, { font: u32, name: string16(2) }),
  CloseFont: request(46, none, { font: u32 }),
  QueryFont: request(47, none, { font: u32 }),
  ListFonts: request(49, none, { maxNames: u16, pattern: string16(0) }),
  ListFontsWithInfo: request(50, none, { maxNames: u16, pattern: string16(0) }),
  CreatePixmap: request(53, { depth: u8 }, { pixmap: u32, drawable: u32, width: u16, height: u16 }),
  FreePixmap: request(54, none, { pixmap: u32 }),
  CreateGC: request(55, none, { gc: u32, drawable: u32, values: contextValues }),
  ChangeGC: request(56, none, { gc: u32, values: contextValues }),
  CopyGC: request(57, none, { source: u32, destination: u32, mask: u32 }),
  SetDashes: request(58, none, { gc: u32, dashOffset: u16, dashes: counted(u8, 1, u16, 0) }),
  SetClipRectangles: request(59, { ordering: u8 }, { gc: u32, clipX: i16, clipY: i16, rectangles: rest(rectangle, 8) }),
  FreeGC: request(60, none, { gc: u32 }),
  ClearArea: request(61, { exposures: bool }, { window: u32, x: i16, y: i16, width: u16, height: u16 }),
  CopyArea: request(62, none, {
    source: u32,
    destination: u32,
    gc: u32,
    sourceX: i16,
    sourceY: i16,
    x: i16,
    y: i16,
    width: u16,
    height: u16,
  }),
  CopyPlane: request(63, none, {
    source: u32,
    destination: u32,
    gc: u32,
    sourceX: i16,
    sourceY: i16,
    x: i16,
    y: i16,
    width: u16,
    height: u16,
    plane: u32,
  }),
  PolyPoint: request(64, { relative: bool }, { ...drawable, points: rest(point, 4) }),
  PolyLine: request(65, { relative: bool }, { ...drawable, points: rest(point, 4) }),
  PolySegment: request(66, none, { ...drawable, segments: rest(segment, 8) }),
  PolyRectangle: request(67, none, { ...drawable, rectangles: rest(rectangle, 8) }),
  PolyArc: request(68, none, { ...drawable, arcs: rest(arc, 12) }),
  FillPoly: request(69, none, {
    ...drawable,
    shape: u8,
    relative: bool,
    gap: unused(2),
    points: rest(point, 4),
  }),
  PolyFillRectangle: request(70, none, { ...drawable, rectangles: rest(rectangle, 8) }),
  PolyFillArc: request(71, none, { ...drawable, arcs: rest(arc, 12) }),
  PutImage: request(
    72,
    { format: u8 },
    { ...drawable, width: u16, height: u16, x: i16, y: i16, leftPad: u8, depth: u8, gap: unused(2), image: bytesLeft },
  ),
  GetImage: request(73, { format: u8 }, { drawable: u32, x: i16, y: i16, width: u16, height: u16, planeMask: u32 }),
  PolyText8: request(74, none, { ...drawable, x: i16, y: i16, items: bytesLeft }),
  ImageText8: request(76, { length: u8 }, { ...drawable, x: i16, y: i16, text: bytesLeft }),
  CreateColormap: request(78, { allocate: bool }, { colormap: u32, window: u32, visual: u32 }),
  FreeColormap: request(79, none, { colormap: u32 }),
  AllocColor: request(84, none, { colormap: u32, red: u16, green: u16, blue: u16, gap: unused(2) }),
  AllocNamedColor: request(85, none, { colormap: u32, name: string16(2) }),
  FreeColors: request(88, none, { colormap: u32, planeMask: u32, pixels: rest(u32, 4) }),
  QueryColors: request(91, none, { colormap: u32, pixels: rest(u32, 4) }),
  LookupColor: request(92, none, { colormap: u32, name: string16(2) }),
  CreateCursor: request(93, none, { cursor: u32, more: bytesLeft }),
  CreateGlyphCursor: request(94, none, { cursor: u32, more: bytesLeft }),
  FreeCursor: request(95, none, { cursor: u32 }),
  RecolorCursor: request(96, none, { cursor: u32, more: bytesLeft }),
  QueryBestSize: request(97, { sizeClass: u8 }, { drawable: u32, width: u16, height: u16 }),
  QueryExtension: request(98, none, { name: string16(2) }),
  ListExtensions: request(99, none),
  GetKeyboardMapping: request(101, none, { firstKeycode: u8, count: u8, gap: unused(2) }),
  GetKeyboardControl: request(103, none),
  Bell: request(104, { percent: u8 }),
  GetPointerMapping: request(117, none),
  GetModifierMapping: request(119, none),
  NoOperation: request(127, none),
};

type Layouts = typeof layouts;
type FieldsOfRequest<N extends keyof Layouts> = Layouts[N] extends Layout<infer D, infer F> ? D & F : never;

/** The name of a request that {@link encodeXRequest} and {@link decodeXRequest} know. */
export type XRequestName = keyof Layouts;

/** A request's fields: numbers, texts and lists under the names of Xproto.h, written out. */
export type XRequestFields<N extends XRequestName = XRequestName> = FieldsOfRequest<N>;

/** A decoded request: its `name`, and its fields. */
export type XRequest<N extends XRequestName = XRequestName> = {
  [K in N]: {
    /** Tells the requests apart. */
    readonly name: K;
    /** What it says. */
    readonly fields: XRequestFields<K>;
  };
}[N];

const byOpcode = new Map<number, XRequestName>();
for (const [name, { opcode }] of Object.entries(layouts)) byOpcode.set(opcode, name as XRequestName);

/** What fits into a request's 16 bits of length, in bytes; a longer one needs BIG-REQUESTS. */
export const longestPlainRequest = 4 * 0xffff;

/**
 * A request as bytes. One of more than 262,140 bytes has its length in 32 bits, as BIG-REQUESTS allows.
 *
 * @throws {@link ParameterError} if there is no such request, or a field does not fit.
 */
export function encodeXRequest<N extends XRequestName>(
  name: N,
  value: XRequestFields<N>,
  order: ByteOrder = "little",
): Uint8Array {
  if (!Object.hasOwn(layouts, name)) refuse("encodeXRequest", "name", "the name of a request", name);
  const { opcode, data, body } = layouts[name] as unknown as Layout<unknown, unknown>;
  const inside = new XWriter(order);
  body.write(inside, value);
  inside.pad();
  const bytes = inside.finish();
  const isBig = bytes.length + 4 > longestPlainRequest;
  const to = new XWriter(order);
  to.u8(opcode);
  data.write(to, value);
  if (to.at === 1) to.skip(1);
  to.u16(isBig ? 0 : (bytes.length + 4) / 4);
  if (isBig) to.u32((bytes.length + 8) / 4);
  to.bytes(bytes);
  return to.finish();
}

/**
 * What a request says; undefined if this library does not know its opcode: then only its name is known, see {@link xRequestName}.
 *
 * @throws {@link MalformedMessage} if it is shorter than what it announces.
 */
export function decodeXRequest(bytes: Uint8Array, order: ByteOrder): XRequest | undefined {
  const name = byOpcode.get(bytes[0] ?? 0);
  if (name === undefined) return undefined;
  const { data, body } = layouts[name] as unknown as Layout<object, object>;
  const length = new XReader(bytes, order, 2).u16();
  const found = {
    ...data.read(new XReader(bytes, order, 1)),
    ...body.read(new XReader(bytes, order, length === 0 ? 8 : 4)),
  };
  return { name, fields: found } as XRequest;
}

/** An item of PolyText8: a text, or a font for those that follow. */
export type TextItem =
  | {
      /** How many pixels behind the end of the one before it begins. */
      readonly delta: number;
      /** Its characters, a byte each. */
      readonly text: Uint8Array;
    }
  | {
      /** The font's identifier. */
      readonly font: number;
    };

/** The items of PolyText8. @throws {@link MalformedMessage} if one is longer than all of them. */
export function textItems(items: Uint8Array): TextItem[] {
  const found: TextItem[] = [];
  for (let at = 0; at + 1 < items.length; ) {
    const length = items[at] as number;
    if (length === 255) {
      const [, a = 0, b = 0, c = 0, d = 0] = items.subarray(at);
      found.push({ font: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 });
      at += 5;
      continue;
    }
    const end = at + 2 + length;
    if (end > items.length) {
      // What fills a request up to a multiple of four may look like the beginning of an item.
      if (items.length - at > padding(1)) throw new MalformedMessage("a text item is longer than its request");
      break;
    }
    const delta = ((items[at + 1] as number) << 24) >> 24;
    if (length > 0 || delta !== 0) found.push({ delta, text: items.slice(at + 2, end) });
    at = end;
  }
  return found;
}

/** One text item of PolyText8. @throws {@link ParameterError} if it is longer than 254 characters, or not of Latin-1. */
export function textItem(value: string): Uint8Array {
  if (value.length > 254) refuse("textItem", "value", "at most 254 characters long", value);
  const to = new XWriter("little");
  to.u8(value.length);
  to.u8(0);
  to.bytes(Uint8Array.from(value, (character) => character.charCodeAt(0)));
  return to.finish();
}
