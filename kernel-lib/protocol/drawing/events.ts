import { refuse } from "../../errors.js";
import {
  type AnyCodec,
  type ByteOrder,
  bool,
  type Codec,
  type FieldsOf,
  fields,
  i16,
  u8,
  u16,
  u32,
  unused,
  XReader,
  XWriter,
} from "./wire.js";

interface Layout<D, F> {
  readonly code: number;
  readonly data: Codec<D>;
  readonly body: Codec<F>;
}

function event<const D extends Record<string, AnyCodec>, const F extends Record<string, AnyCodec>>(
  code: number,
  data: D,
  body: F,
): Layout<FieldsOf<D>, FieldsOf<F>> {
  return { code, data: fields(data), body: fields(body) };
}

const none = {} as const;
const input = {
  time: u32,
  root: u32,
  window: u32,
  child: u32,
  rootX: i16,
  rootY: i16,
  x: i16,
  y: i16,
  state: u16,
} as const;
const pointed = { ...input, sameScreen: bool } as const;
const crossing = { ...input, mode: u8, flags: u8 } as const;

const layouts = {
  KeyPress: event(2, { keycode: u8 }, pointed),
  KeyRelease: event(3, { keycode: u8 }, pointed),
  ButtonPress: event(4, { button: u8 }, pointed),
  ButtonRelease: event(5, { button: u8 }, pointed),
  MotionNotify: event(6, { isHint: u8 }, pointed),
  EnterNotify: event(7, { detail: u8 }, crossing),
  LeaveNotify: event(8, { detail: u8 }, crossing),
  FocusIn: event(9, { detail: u8 }, { window: u32, mode: u8 }),
  FocusOut: event(10, { detail: u8 }, { window: u32, mode: u8 }),
  Expose: event(12, none, { window: u32, x: u16, y: u16, width: u16, height: u16, count: u16 }),
  GraphicsExposure: event(13, none, {
    drawable: u32,
    x: u16,
    y: u16,
    width: u16,
    height: u16,
    minor: u16,
    count: u16,
    major: u8,
  }),
  NoExposure: event(14, none, { drawable: u32, minor: u16, major: u8 }),
  VisibilityNotify: event(15, none, { window: u32, state: u8 }),
  CreateNotify: event(16, none, {
    parent: u32,
    window: u32,
    x: i16,
    y: i16,
    width: u16,
    height: u16,
    borderWidth: u16,
    overrideRedirect: bool,
  }),
  DestroyNotify: event(17, none, { event: u32, window: u32 }),
  UnmapNotify: event(18, none, { event: u32, window: u32, fromConfigure: bool }),
  MapNotify: event(19, none, { event: u32, window: u32, overrideRedirect: bool }),
  ReparentNotify: event(21, none, { event: u32, window: u32, parent: u32, x: i16, y: i16, overrideRedirect: bool }),
  ConfigureNotify: event(22, none, {
    event: u32,
    window: u32,
    aboveSibling: u32,
    x: i16,
    y: i16,
    width: u16,
    height: u16,
    borderWidth: u16,
    overrideRedirect: bool,
  }),
  PropertyNotify: event(28, none, { window: u32, atom: u32, time: u32, state: u8 }),
  SelectionClear: event(29, none, { time: u32, owner: u32, selection: u32 }),
  ClientMessage: event(33, { format: u8 }, { window: u32, type: u32, first: u32, second: u32, gap: unused(12) }),
};

type Layouts = typeof layouts;
/** The name of an event that {@link encodeXEvent} and {@link decodeXEvent} know. */
export type XEventName = keyof Layouts;
/** An event's fields under the names of Xproto.h, written out. */
export type XEventFields<N extends XEventName = XEventName> =
  Layouts[N] extends Layout<infer D, infer F> ? D & F : never;

/** A decoded event. */
export type XEvent<N extends XEventName = XEventName> = {
  [K in N]: {
    /** Tells the events apart. */
    readonly name: K;
    /** What it says. */
    readonly fields: XEventFields<K>;
  };
}[N];

const byCode = new Map(Object.entries(layouts).map(([name, { code }]) => [code, name as XEventName]));

/**
 * An event as its 32 bytes.
 *
 * @param sequence the number of the last request that the display has carried out for this client.
 */
export function encodeXEvent<N extends XEventName>(
  name: N,
  sequence: number,
  value: XEventFields<N>,
  order: ByteOrder,
): Uint8Array {
  if (!Object.hasOwn(layouts, name)) refuse("encodeXEvent", "name", "the name of an event", name);
  const { code, data, body } = layouts[name] as unknown as Layout<unknown, unknown>;
  const to = new XWriter(order);
  to.u8(code);
  data.write(to, value);
  if (to.at === 1) to.skip(1);
  to.u16(sequence & 0xffff);
  body.write(to, value);
  to.skip(32 - to.at);
  return to.finish();
}

/** What an event says; undefined if this library does not know its code. @throws {@link MalformedMessage} if it is too short. */
export function decodeXEvent(bytes: Uint8Array, order: ByteOrder): XEvent | undefined {
  const name = byCode.get((bytes[0] ?? 0) & 0x7f);
  if (name === undefined) return undefined;
  const { data, body } = layouts[name] as unknown as Layout<object, object>;
  const found = { ...data.read(new XReader(bytes, order, 1)), ...body.read(new XReader(bytes, order, 4)) };
  return { name, fields: found } as XEvent;
}
