import { channels, colourNamed, pixelOf } from "./colours.js";
import { type Call, type Handlers, own } from "./display.js";
import { type Font, fontNamed, fontNames } from "./fonts.js";
import { keysyms, seenFrom } from "./input.js";
import { RequestFailed, type XWindow } from "./resources.js";

/** Requests that ask something: names, properties, extensions, colours, fonts, the pointer and the keys. */
export const queries: Handlers = {
  InternAtom({ display, fields, reply }) {
    const atom = display.atoms.intern(fields.name, fields.onlyIfExists);
    if (atom === undefined) throw new RequestFailed("Alloc");
    reply("InternAtom", { atom });
  },
  GetAtomName({ fields, display, reply }) {
    reply("GetAtomName", { name: nameOf({ display }, fields.atom) });
  },
  ChangeProperty({ display, fields }) {
    const window = display.window(fields.window);
    nameOf({ display }, fields.property);
    const { format, value } = fields.data;
    if (![8, 16, 32].includes(format)) throw new RequestFailed("Value", format);
    const before = window.properties.get(fields.property);
    if (fields.mode > 2) throw new RequestFailed("Value", fields.mode);
    if (fields.mode !== 0 && before !== undefined && (before.format !== format || before.type !== fields.type))
      throw new RequestFailed("Match");
    const parts = fields.mode === 0 || before === undefined ? [value] : [before.value, value];
    if (fields.mode === 1) parts.reverse();
    const whole = Uint8Array.from(parts.flatMap((part) => Array.from(part)));
    if (whole.length > mostPropertyBytes) throw new RequestFailed("Alloc");
    window.properties.set(fields.property, { type: fields.type, format, value: whole });
    tellProperty({ display }, window, fields.property, 0);
  },
  DeleteProperty({ display, fields }) {
    const window = display.window(fields.window);
    if (window.properties.delete(fields.property)) tellProperty({ display }, window, fields.property, 1);
  },
  GetProperty({ display, fields, reply }) {
    const window = display.window(fields.window);
    const property = window.properties.get(fields.property);
    const nothing = new Uint8Array(0);
    if (property === undefined)
      return reply("GetProperty", { format: 0, type: 0, bytesAfter: 0, units: 0, value: nothing });
    const { type, format, value: whole } = property;
    if (fields.type !== 0 && fields.type !== type)
      return reply("GetProperty", { format, type, bytesAfter: whole.length, units: 0, value: nothing });
    const from = 4 * fields.longOffset;
    if (from > whole.length) throw new RequestFailed("Value", fields.longOffset);
    const value = whole.slice(from, from + 4 * fields.longLength);
    const bytesAfter = whole.length - from - value.length;
    reply("GetProperty", { format, type, bytesAfter, units: (8 * value.length) / format, value });
    if (!fields.delete || bytesAfter > 0) return;
    window.properties.delete(fields.property);
    tellProperty({ display }, window, fields.property, 1);
  },
  ListProperties({ display, fields, reply }) {
    reply("ListProperties", { atoms: [...display.window(fields.window).properties.keys()] });
  },
  SetSelectionOwner({ display, fields }) {
    if (fields.owner !== 0) display.window(fields.owner);
    display.selections.set(fields.selection, fields.owner);
  },
  GetSelectionOwner({ display, fields, reply }) {
    reply("GetSelectionOwner", { owner: display.selections.get(fields.selection) ?? 0 });
  },
  QueryExtension({ fields, reply }) {
    const present = fields.name === "BIG-REQUESTS";
    reply("QueryExtension", { present, majorOpcode: present ? 128 : 0, firstEvent: 0, firstError: 0 });
  },
  ListExtensions({ reply }) {
    const name = Array.from("BIG-REQUESTS", (letter) => letter.charCodeAt(0));
    reply("ListExtensions", { count: 1, names: Uint8Array.of(name.length, ...name) });
  },
  QueryPointer({ display, fields, reply }) {
    const window = display.window(fields.window);
    const { rootX, rootY, x, y, state } = seenFrom(display, window);
    const at = around(display.input.inside);
    const child = at[at.indexOf(window) + 1];
    const isOver = at.includes(window) && child !== undefined;
    reply("QueryPointer", {
      sameScreen: true,
      root: own.root,
      child: isOver ? child.id : 0,
      rootX,
      rootY,
      x,
      y,
      mask: state,
    });
  },
  QueryKeymap({ reply }) {
    reply("QueryKeymap", { keys: new Uint8Array(32) });
  },
  GetInputFocus({ display, reply }) {
    reply("GetInputFocus", { revertTo: 1, focus: display.input.focus?.id ?? 1 });
  },
  SetInputFocus({ display, fields }) {
    display.input.focus = fields.focus > 1 ? display.window(fields.focus) : undefined;
  },
  GetKeyboardMapping({ fields, reply }) {
    const { firstKeycode, count } = fields;
    if (firstKeycode < 8 || firstKeycode + count > 256) throw new RequestFailed("Value", firstKeycode);
    const found = Array.from({ length: count }, (_, i) => keysyms[firstKeycode - 8 + i] ?? 0);
    reply("GetKeyboardMapping", { keysymsPerKeycode: 1, keysyms: found });
  },
  GetModifierMapping({ reply }) {
    reply("GetModifierMapping", { keycodesPerModifier: 1, keycodes: new Uint8Array(8) });
  },
  GetPointerMapping({ reply }) {
    reply("GetPointerMapping", { count: 5, buttons: Uint8Array.of(1, 2, 3, 4, 5) });
  },
  GetKeyboardControl({ reply }) {
    reply("GetKeyboardControl", {
      globalAutoRepeat: false,
      ledMask: 0,
      keyClickPercent: 0,
      bellPercent: 0,
      bellPitch: 0,
      bellDuration: 0,
      autoRepeats: new Uint8Array(32),
    });
  },
  AllocColor({ display, fields, reply }) {
    checkColormap({ display }, fields.colormap);
    const pixel = pixelOf(fields);
    reply("AllocColor", { ...channels(pixel), pixel });
  },
  AllocNamedColor({ display, fields, reply }) {
    checkColormap({ display }, fields.colormap);
    const pixel = colourOf(fields.name);
    reply("AllocNamedColor", { pixel, exact: channels(pixel), screen: channels(pixel) });
  },
  LookupColor({ display, fields, reply }) {
    checkColormap({ display }, fields.colormap);
    const pixel = colourOf(fields.name);
    reply("LookupColor", { exact: channels(pixel), screen: channels(pixel) });
  },
  QueryColors({ display, fields, reply }) {
    checkColormap({ display }, fields.colormap);
    reply("QueryColors", { colors: fields.pixels.map(channels) });
  },
  FreeColors: () => undefined,
  CreateColormap({ display, client, fields }) {
    display.window(fields.window);
    display.add(client, fields.colormap, { kind: "colormap" });
  },
  FreeColormap: ({ display, fields }) => free({ display }, fields.colormap, "colormap"),
  OpenFont({ display, client, fields }) {
    const font = fontNamed(fields.name);
    if (font === undefined) throw new RequestFailed("Name");
    display.add(client, fields.font, { kind: "font", font });
  },
  CloseFont: ({ display, fields }) => free({ display }, fields.font, "font"),
  QueryFont({ display, fields, reply }) {
    const found = display.resources.get(fields.font);
    const font = found?.kind === "font" ? found.font : found?.kind === "context" ? found.font : undefined;
    if (font === undefined) throw new RequestFailed("Font", fields.font);
    reply("QueryFont", { info: { ...describedFont(font), characters: [] } });
  },
  ListFonts({ fields, reply }) {
    reply("ListFonts", { names: fontNames(fields.pattern).slice(0, fields.maxNames) });
  },
  ListFontsWithInfo({ fields, reply }) {
    const names = fontNames(fields.pattern).slice(0, fields.maxNames);
    names.forEach((name, i) => {
      const info = { ...describedFont(fontNamed(name) as Font), hint: names.length - i, font: name };
      reply("ListFontsWithInfo", { nameLength: name.length, info });
    });
    const end = { ...describedFont(fontNamed("fixed") as Font), hint: 0, font: "" };
    reply("ListFontsWithInfo", { nameLength: 0, info: end });
  },
  CreateCursor: ({ display, client, fields }) => display.add(client, fields.cursor, { kind: "cursor" }),
  CreateGlyphCursor: ({ display, client, fields }) => display.add(client, fields.cursor, { kind: "cursor" }),
  FreeCursor: ({ display, fields }) => free({ display }, fields.cursor, "cursor"),
  RecolorCursor: () => undefined,
  QueryBestSize({ fields, reply }) {
    const atLeastOne = (size: number) => Math.max(1, size);
    reply("QueryBestSize", { width: atLeastOne(fields.width), height: atLeastOne(fields.height) });
  },
  Bell: () => undefined,
  NoOperation: () => undefined,
  GrabServer: () => undefined,
  UngrabServer: () => undefined,
};

const mostPropertyBytes = 2 ** 20;

type Within = Pick<Call, "display">;

function nameOf({ display }: Within, atom: number): string {
  const name = display.atoms.name(atom);
  if (name === undefined) throw new RequestFailed("Atom", atom);
  return name;
}

function tellProperty({ display }: Within, window: XWindow, atom: number, state: number): void {
  display.tell(window, 1 << 22, "PropertyNotify", { window: window.id, atom, time: display.time, state });
}

function checkColormap({ display }: Within, id: number): void {
  if (display.resources.get(id)?.kind !== "colormap") throw new RequestFailed("Colormap", id);
}

function colourOf(name: string): number {
  const found = colourNamed(name);
  if (found === undefined) throw new RequestFailed("Name");
  return found;
}

function free({ display }: Within, id: number, kind: "colormap" | "font" | "cursor"): void {
  if (display.resources.get(id)?.kind !== kind)
    throw new RequestFailed(kind === "colormap" ? "Colormap" : kind === "font" ? "Font" : "Cursor", id);
  if (id !== own.colormap) display.resources.delete(id);
}

const around = (window: XWindow): XWindow[] => (window.parent ? [...around(window.parent), window] : [window]);

function describedFont({ width, ascent, descent }: Font) {
  const bounds = { leftBearing: 0, rightBearing: width, width, ascent, descent, attributes: 0 };
  return {
    minBounds: bounds,
    maxBounds: bounds,
    minCharacter: 32,
    maxCharacter: 126,
    defaultCharacter: 32,
    drawDirection: 0,
    minByte1: 0,
    maxByte1: 0,
    allCharactersExist: true,
    ascent,
    descent,
    properties: [],
  };
}
