import { textItems } from "../../protocol/index.js";
import { type Call, type Handlers, own } from "./display.js";
import type { Font } from "./fonts.js";
import { Pen } from "./pen.js";
import { contextDefaults, RequestFailed, type XContext } from "./resources.js";
import { Surface } from "./surface.js";

/** Requests that draw, and what they draw with: contexts, pixmaps, images. */
export const drawingRequests: Handlers = {
  CreatePixmap({ display, client, fields }) {
    const { width, height, depth } = fields;
    if (width === 0 || height === 0 || (depth !== 1 && depth !== 24)) throw new RequestFailed("Value", depth);
    display.makeRoom(width, height);
    display.add(client, fields.pixmap, { kind: "pixmap", surface: new Surface(width, height, depth) });
  },
  FreePixmap({ display, fields }) {
    if (display.resources.get(fields.pixmap)?.kind !== "pixmap") throw new RequestFailed("Pixmap", fields.pixmap);
    display.resources.delete(fields.pixmap);
  },
  CreateGC({ display, client, fields }) {
    display.surface(fields.drawable);
    const context: XContext = {
      kind: "context",
      values: { ...contextDefaults },
      clip: undefined,
      tile: undefined,
      stipple: undefined,
      font: undefined,
    };
    change({ display }, context, fields.values);
    display.add(client, fields.gc, context);
  },
  ChangeGC: ({ display, fields }) => change({ display }, contextOf({ display }, fields.gc), fields.values),
  CopyGC({ display, fields }) {
    const [from, to] = [contextOf({ display }, fields.source), contextOf({ display }, fields.destination)];
    copiedNames.forEach((name, i) => {
      if ((fields.mask & (1 << i)) === 0) return;
      if (name === "tile" || name === "stipple" || name === "font") to[name] = from[name] as never;
      else if (name === "clipMask") to.clip = from.clip;
      else to.values[name] = from.values[name] as number;
    });
  },
  SetDashes: ({ display, fields }) => void contextOf({ display }, fields.gc),
  SetClipRectangles({ display, fields }) {
    if (fields.rectangles.length > mostClipRectangles) throw new RequestFailed("Alloc");
    const context = contextOf({ display }, fields.gc);
    context.clip = fields.rectangles;
    Object.assign(context.values, { clipX: fields.clipX, clipY: fields.clipY });
  },
  FreeGC({ display, fields }) {
    contextOf({ display }, fields.gc);
    display.resources.delete(fields.gc);
  },
  CopyArea({ display, client, fields }) {
    const [from, to] = [display.surface(fields.source), display.surface(fields.destination)];
    const context = contextOf({ display }, fields.gc);
    if (from.depth !== to.depth) throw new RequestFailed("Match");
    copy(from, to, context, fields, (pixel) => pixel);
    if (context.values.graphicsExposures === 0) return;
    client.tell("NoExposure", { drawable: fields.destination, minor: 0, major: client.majorOpcode });
  },
  CopyPlane({ display, client, fields }) {
    const [from, to] = [display.surface(fields.source), display.surface(fields.destination)];
    const context = contextOf({ display }, fields.gc);
    const { foreground, background } = context.values as { foreground: number; background: number };
    copy(from, to, context, fields, (pixel) => (pixel & fields.plane ? foreground : background));
    if (context.values.graphicsExposures === 0) return;
    client.tell("NoExposure", { drawable: fields.destination, minor: 0, major: client.majorOpcode });
  },
  PolyPoint(call) {
    const pen = penFor(call);
    for (const { x, y } of absolute(call.fields)) pen.point(x, y);
  },
  PolyLine: (call) => penFor(call).lines(absolute(call.fields)),
  PolySegment(call) {
    const pen = penFor(call);
    for (const { x1, y1, x2, y2 } of call.fields.segments)
      pen.lines([
        { x: x1, y: y1 },
        { x: x2, y: y2 },
      ]);
  },
  PolyRectangle(call) {
    const pen = penFor(call);
    for (const { x, y, width, height } of call.fields.rectangles) {
      const [right, bottom] = [x + width, y + height];
      pen.lines([
        { x, y },
        { x: right, y },
        { x: right, y: bottom },
        { x, y: bottom },
        { x, y },
      ]);
    }
  },
  PolyArc(call) {
    const pen = penFor(call);
    for (const arc of call.fields.arcs) pen.outline(arc);
  },
  FillPoly: (call) => penFor(call).polygon(absolute(call.fields)),
  PolyFillRectangle(call) {
    const pen = penFor(call);
    for (const { x, y, width, height } of call.fields.rectangles) pen.rectangle(x, y, width, height);
  },
  PolyFillArc(call) {
    const pen = penFor(call);
    for (const arc of call.fields.arcs) pen.arc(arc);
  },
  PutImage(call) {
    const { display, fields } = call;
    const surface = display.surface(fields.drawable);
    const context = contextOf(call, fields.gc);
    const pen = new Pen(surface, context);
    const { foreground, background } = context.values as { foreground: number; background: number };
    const pixelAt = imageReader(fields, surface.depth);
    for (let y = 0; y < fields.height; y++)
      for (let x = 0; x < fields.width; x++) {
        const pixel = pixelAt(x, y);
        pen.set(fields.x + x, fields.y + y, fields.format === bitmap ? (pixel ? foreground : background) : pixel);
      }
  },
  GetImage({ display, fields, reply }) {
    const surface = display.surface(fields.drawable);
    const { x, y, width, height } = fields;
    if (fields.format !== zPixmap)
      throw new RequestFailed(fields.format > 2 ? "Value" : "Implementation", fields.format);
    if (x < 0 || y < 0 || x + width > surface.width || y + height > surface.height) throw new RequestFailed("Match");
    const found = display.resources.get(fields.drawable);
    // Of a window, what lies in it is seen as well.
    const source = found?.kind === "window" ? display.contents(found) : surface.pixels;
    const image = imageOf(source, surface, fields);
    const visual = found?.kind === "window" ? own.visual : 0;
    reply("GetImage", { depth: surface.depth, visual, image });
  },
  PolyText8(call) {
    const { fields, display } = call;
    const context = contextOf(call, fields.gc);
    const pen = penFor(call);
    let { x } = fields;
    for (const item of textItems(fields.items)) {
      if ("font" in item) {
        const found = display.resources.get(item.font);
        if (found?.kind !== "font") throw new RequestFailed("Font", item.font);
        context.font = found.font;
        continue;
      }
      const font = fontOf(context);
      x += item.delta;
      pen.text(font, x, fields.y, item.text, false);
      x += item.text.length * font.width;
    }
  },
  ImageText8(call) {
    const { fields } = call;
    const codes = fields.text.subarray(0, fields.length);
    penFor(call).text(fontOf(contextOf(call, fields.gc)), fields.x, fields.y, codes, true);
  },
};

const [bitmap, zPixmap] = [0, 2];
const mostClipRectangles = 1000;

/** What CopyGC copies, by the bits of its mask. */
const copiedNames = [
  ...["function", "planeMask", "foreground", "background", "lineWidth", "lineStyle", "capStyle", "joinStyle"],
  ...["fillStyle", "fillRule", "tile", "stipple", "tileStippleX", "tileStippleY", "font", "subwindowMode"],
  ...["graphicsExposures", "clipX", "clipY", "clipMask", "dashOffset", "dashes", "arcMode"],
];

type Within = Pick<Call, "display">;

function contextOf({ display }: Within, id: number): XContext {
  const found = display.resources.get(id);
  if (found?.kind !== "context") throw new RequestFailed("GContext", id);
  return found;
}

const fontOf = ({ font }: XContext): Font => {
  if (font === undefined) throw new RequestFailed("Font");
  return font;
};

function penFor({ display, fields }: Within & { readonly fields: { drawable: number; gc: number } }): Pen {
  return new Pen(display.surface(fields.drawable), contextOf({ display }, fields.gc));
}

function change({ display }: Within, context: XContext, values: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const resource = display.resources.get(value);
    if (name === "font") {
      if (resource?.kind !== "font") throw new RequestFailed("Font", value);
      context.font = resource.font;
    } else if (name === "tile" || name === "stipple" || (name === "clipMask" && value !== 0)) {
      if (resource?.kind !== "pixmap") throw new RequestFailed("Pixmap", value);
      if (name === "clipMask") context.clip = resource.surface;
      else context[name] = resource.surface;
    } else if (name === "clipMask") context.clip = undefined;
    else {
      if (name === "function" && value > 15) throw new RequestFailed("Value", value);
      context.values[name] = value;
    }
  }
}

/** Points from the drawable's corner, also where each was given from the one before. */
function absolute({ points, relative }: { points: readonly { x: number; y: number }[]; relative: boolean }) {
  if (!relative) return points;
  let [x, y] = [0, 0];
  return points.map((step) => {
    x += step.x;
    y += step.y;
    return { x, y };
  });
}

interface CopyFields {
  readonly sourceX: number;
  readonly sourceY: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function copy(
  from: Surface,
  to: Surface,
  context: XContext,
  fields: CopyFields,
  colour: (pixel: number) => number,
): void {
  const { sourceX, sourceY, x, y } = fields;
  const width = Math.min(fields.width, from.width - sourceX);
  const height = Math.min(fields.height, from.height - sourceY);
  const pen = new Pen(to, context);
  // A copy inside of one surface may overlap itself.
  const source = from === to ? from.pixels.slice() : from.pixels;
  for (let row = Math.max(0, -sourceY); row < height; row++)
    for (let column = Math.max(0, -sourceX); column < width; column++) {
      const pixel = source[(sourceY + row) * from.width + sourceX + column] as number;
      pen.set(x + column, y + row, colour(pixel));
    }
}

/** Rows of one bit a pixel fill words of 32 bits. */
const bitRowBytes = (width: number): number => 4 * Math.ceil(width / 32);

/** The pixels of an image that a client sends. */
function imageReader(
  fields: { format: number; width: number; height: number; leftPad: number; depth: number; image: Uint8Array },
  depth: number,
): (x: number, y: number) => number {
  const { format, width, height, leftPad, image } = fields;
  if (format > 2) throw new RequestFailed("Value", format);
  const isBits = format === bitmap || fields.depth === 1;
  if (format === bitmap ? fields.depth !== 1 : fields.depth !== depth) throw new RequestFailed("Match");
  if (!isBits && format !== zPixmap) throw new RequestFailed("Implementation");
  const rowBytes = isBits ? bitRowBytes(width + leftPad) : 4 * width;
  if (image.length < rowBytes * height) throw new RequestFailed("Length");
  const byte = (at: number) => image[at] as number;
  if (isBits) return (x, y) => (byte(y * rowBytes + ((x + leftPad) >> 3)) >> ((x + leftPad) & 7)) & 1;
  return (x, y) => {
    const at = y * rowBytes + 4 * x;
    return byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16);
  };
}

/** An image for a client, in the format ZPixmap. */
function imageOf(
  pixels: Uint32Array,
  surface: Surface,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): Uint8Array {
  const rowBytes = surface.depth === 1 ? bitRowBytes(width) : 4 * width;
  const image = new Uint8Array(rowBytes * height);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const pixel = pixels[(y + row) * surface.width + x + column] as number;
      const at = row * rowBytes + (surface.depth === 1 ? column >> 3 : 4 * column);
      if (surface.depth === 1) image[at] = (image[at] as number) | (pixel << (column & 7));
      else image.set([pixel & 0xff, (pixel >> 8) & 0xff, (pixel >> 16) & 0xff], at);
    }
  return image;
}
