import type { XRequestFields } from "../../protocol/index.js";
import { type Client, type Handlers, masks, own, type XDisplay } from "./display.js";
import { RequestFailed, XWindow } from "./resources.js";
import { Surface } from "./surface.js";

/** Requests about windows: to make, show, move, stack and take them away, and to ask about them. */
export const windowRequests: Handlers = {
  CreateWindow({ display, client, fields }) {
    const { window: id, width, height, windowClass, borderWidth, depth } = fields;
    const parent = display.window(fields.parent);
    if (width === 0 || height === 0) throw new RequestFailed("Value", width * height);
    if (windowClass > 2) throw new RequestFailed("Value", windowClass);
    const isInputOnly = windowClass === 2 || (windowClass === 0 && parent.isInputOnly);
    if (!isInputOnly && ((depth !== 0 && depth !== 24) || parent.isInputOnly)) throw new RequestFailed("Match");
    if (isInputOnly && (depth !== 0 || borderWidth !== 0)) throw new RequestFailed("Match");
    if (fields.visual !== 0 && fields.visual !== own.visual) throw new RequestFailed("Match");
    if (depthOf(parent) >= mostNested) throw new RequestFailed("Alloc");
    if (!isInputOnly) display.makeRoom(width, height);
    const window = new XWindow(id, parent, fields, isInputOnly);
    display.add(client, id, window);
    try {
      changeAttributes(display, client, window, fields.values);
    } catch (error) {
      display.resources.delete(id);
      throw error;
    }
    parent.children.push(window);
    window.clear(0, 0, width, height);
    const { x, y, overrideRedirect } = window;
    const event = { parent: parent.id, window: id, x, y, width, height, borderWidth, overrideRedirect };
    display.tell(parent, masks.substructure, "CreateNotify", event);
  },
  ChangeWindowAttributes({ display, client, fields }) {
    changeAttributes(display, client, display.window(fields.window), fields.values);
  },
  GetWindowAttributes({ display, client, fields, reply }) {
    const window = display.window(fields.window);
    reply("GetWindowAttributes", {
      backingStore: 2,
      visual: own.visual,
      windowClass: window.isInputOnly ? 2 : 1,
      bitGravity: 0,
      winGravity: 1,
      backingPlanes: 0xffffffff,
      backingPixel: 0,
      saveUnder: false,
      mapIsInstalled: true,
      mapState: window.isViewable ? 2 : window.isMapped ? 1 : 0,
      overrideRedirect: window.overrideRedirect,
      colormap: own.colormap,
      allEventMasks: [...window.wanted.values()].reduce((all, mask) => all | mask, 0) >>> 0,
      yourEventMask: window.wanted.get(client.number) ?? 0,
      doNotPropagateMask: window.notPropagated & 0xffff,
    });
  },
  DestroyWindow: ({ display, fields }) => display.destroy(display.window(fields.window)),
  DestroySubwindows({ display, fields }) {
    for (const child of [...display.window(fields.window).children]) display.destroy(child);
  },
  ReparentWindow({ display, fields }) {
    const [window, parent] = [display.window(fields.window), display.window(fields.parent)];
    for (let at: XWindow | undefined = parent; at !== undefined; at = at.parent)
      if (at === window) throw new RequestFailed("Match");
    const before = window.parent;
    if (before === undefined) throw new RequestFailed("Match");
    const wasMapped = window.isMapped;
    if (wasMapped) unmap(display, window);
    before.children.splice(before.children.indexOf(window), 1);
    parent.children.push(window);
    window.parent = parent;
    window.x = fields.x;
    window.y = fields.y;
    const told = {
      window: window.id,
      parent: parent.id,
      x: fields.x,
      y: fields.y,
      overrideRedirect: window.overrideRedirect,
    };
    display.tell(window, masks.structure, "ReparentNotify", { event: window.id, ...told });
    display.tell(parent, masks.substructure, "ReparentNotify", { event: parent.id, ...told });
    if (wasMapped) map(display, window);
  },
  MapWindow: ({ display, fields }) => map(display, display.window(fields.window)),
  MapSubwindows({ display, fields }) {
    for (const child of [...display.window(fields.window).children].reverse()) map(display, child);
  },
  UnmapWindow: ({ display, fields }) => unmap(display, display.window(fields.window)),
  UnmapSubwindows({ display, fields }) {
    for (const child of display.window(fields.window).children) unmap(display, child);
  },
  ConfigureWindow({ display, fields }) {
    const window = display.window(fields.window);
    if (window === display.root) return;
    const { values } = fields;
    const signed = (value: number | undefined, otherwise: number) =>
      value === undefined ? otherwise : (value << 16) >> 16;
    const size = (value: number | undefined, otherwise: number) => {
      const wanted = value === undefined ? otherwise : value & 0xffff;
      if (wanted === 0) throw new RequestFailed("Value", 0);
      return wanted;
    };
    const [width, height] = [size(values.width, window.width), size(values.height, window.height)];
    if (values.stackMode !== undefined) restack(display, window, values.stackMode, values.sibling);
    const isResized = width !== window.width || height !== window.height;
    if (isResized && !window.isInputOnly) display.makeRoom(width, height);
    window.x = signed(values.x, window.x);
    window.y = signed(values.y, window.y);
    window.borderWidth = (values.borderWidth ?? window.borderWidth) & 0xffff;
    window.width = width;
    window.height = height;
    tellConfigured(display, window);
    if (!isResized || window.isInputOnly) return;
    window.surface = new Surface(width, height, 24);
    window.clear(0, 0, width, height);
    if (window.isViewable) expose(display, window, 0, 0, width, height);
  },
  GetGeometry({ display, fields, reply }) {
    const found = display.resources.get(fields.drawable);
    if (found?.kind !== "window" && found?.kind !== "pixmap") throw new RequestFailed("Drawable", fields.drawable);
    const place = found.kind === "window" ? found : { x: 0, y: 0, borderWidth: 0 };
    const { width, height, depth } = found.kind === "window" ? found : found.surface;
    const { x, y, borderWidth } = place;
    reply("GetGeometry", { depth, root: own.root, x, y, width, height, borderWidth });
  },
  QueryTree({ display, fields, reply }) {
    const { parent, children } = display.window(fields.window);
    reply("QueryTree", { root: own.root, parent: parent?.id ?? 0, children: children.map(({ id }) => id) });
  },
  TranslateCoordinates({ display, fields, reply }) {
    const [from, to] = [display.window(fields.source).origin, display.window(fields.destination).origin];
    const wrapped = (value: number) => (value << 16) >> 16;
    const [x, y] = [wrapped(from.x + fields.x - to.x), wrapped(from.y + fields.y - to.y)];
    reply("TranslateCoordinates", { sameScreen: true, child: 0, x, y });
  },
  GrabPointer({ display, fields, reply }) {
    display.input.grabbedBy = { window: display.window(fields.window), isActive: true };
    reply("GrabPointer", { status: 0 });
  },
  UngrabPointer({ display }) {
    if (display.input.grabbedBy?.isActive) display.input.grabbedBy = undefined;
  },
  ClearArea({ display, fields }) {
    const window = display.window(fields.window);
    if (window.isInputOnly) throw new RequestFailed("Match");
    const { x, y } = fields;
    const width = fields.width || Math.max(0, window.width - x);
    const height = fields.height || Math.max(0, window.height - y);
    window.clear(x, y, width, height);
    if (fields.exposures && window.isViewable) expose(display, window, x, y, width, height);
  },
};

const mostNested = 100;
const depthOf = (window: XWindow): number => (window.parent === undefined ? 0 : 1 + depthOf(window.parent));

function changeAttributes(
  display: XDisplay,
  client: Client,
  window: XWindow,
  values: XRequestFields<"ChangeWindowAttributes">["values"],
): void {
  const pixmap = (id: number) => {
    const found = display.resources.get(id);
    if (found?.kind !== "pixmap") throw new RequestFailed("Pixmap", id);
    return found.surface;
  };
  const { backgroundPixmap, backgroundPixel, borderPixel, eventMask } = values;
  if (backgroundPixmap !== undefined)
    window.background =
      backgroundPixmap === 0
        ? undefined
        : backgroundPixmap === 1
          ? window.parent?.background
          : copyOf(pixmap(backgroundPixmap), () => display);
  if (backgroundPixel !== undefined) window.background = backgroundPixel & 0xffffff;
  if (borderPixel !== undefined) window.borderPixel = borderPixel & 0xffffff;
  if (values.overrideRedirect !== undefined) window.overrideRedirect = values.overrideRedirect !== 0;
  if (values.doNotPropagateMask !== undefined) window.notPropagated = values.doNotPropagateMask;
  if (eventMask === undefined) return;
  if (eventMask === 0) window.wanted.delete(client.number);
  else window.wanted.set(client.number, eventMask);
}

/** A client may free or change a pixmap that has become a background; the window keeps what it was. */
function copyOf(surface: Surface, display: () => XDisplay): Surface {
  display().makeRoom(surface.width, surface.height);
  const copy = new Surface(surface.width, surface.height, surface.depth);
  copy.pixels.set(surface.pixels);
  return copy;
}

function map(display: XDisplay, window: XWindow): void {
  if (window.isMapped) return;
  window.isMapped = true;
  const told = { window: window.id, overrideRedirect: window.overrideRedirect };
  display.tell(window, masks.structure, "MapNotify", { event: window.id, ...told });
  if (window.parent) display.tell(window.parent, masks.substructure, "MapNotify", { event: window.parent.id, ...told });
  if (window.isViewable) becameViewable(display, window);
}

/** Its contents are the background now, and its client is to draw. */
function becameViewable(display: XDisplay, window: XWindow): void {
  window.clear(0, 0, window.width, window.height);
  if (!window.isInputOnly) expose(display, window, 0, 0, window.width, window.height);
  for (const child of window.children) if (child.isMapped) becameViewable(display, child);
}

function unmap(display: XDisplay, window: XWindow): void {
  if (!window.isMapped || window === display.root) return;
  window.isMapped = false;
  const told = { window: window.id, fromConfigure: false };
  display.tell(window, masks.structure, "UnmapNotify", { event: window.id, ...told });
  if (window.parent)
    display.tell(window.parent, masks.substructure, "UnmapNotify", { event: window.parent.id, ...told });
}

function expose(display: XDisplay, window: XWindow, x: number, y: number, width: number, height: number): void {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  const [right, bottom] = [Math.min(window.width, x + width), Math.min(window.height, y + height)];
  if (right <= left || bottom <= top) return;
  const area = { x: left, y: top, width: right - left, height: bottom - top };
  display.tell(window, masks.exposure, "Expose", { window: window.id, ...area, count: 0 });
}

function tellConfigured(display: XDisplay, window: XWindow): void {
  const { id, x, y, width, height, borderWidth, overrideRedirect, parent } = window;
  const siblings = parent?.children ?? [];
  const aboveSibling = siblings[siblings.indexOf(window) - 1]?.id ?? 0;
  const told = { window: id, aboveSibling, x, y, width, height, borderWidth, overrideRedirect };
  display.tell(window, masks.structure, "ConfigureNotify", { event: id, ...told });
  if (parent) display.tell(parent, masks.substructure, "ConfigureNotify", { event: parent.id, ...told });
}

const [above, below] = [0, 1];

function restack(display: XDisplay, window: XWindow, mode: number, siblingId: number | undefined): void {
  const siblings = window.parent?.children ?? [];
  const sibling = siblingId === undefined ? undefined : display.window(siblingId);
  if (mode > 4) throw new RequestFailed("Value", mode);
  if (sibling !== undefined && (sibling === window || !siblings.includes(sibling))) throw new RequestFailed("Match");
  // TopIf, BottomIf and Opposite ask who hides whom: here they do as if they always did.
  const isUp = mode === above || (mode !== below && mode % 2 === 0);
  siblings.splice(siblings.indexOf(window), 1);
  const beside = sibling === undefined ? (isUp ? siblings.length : 0) : siblings.indexOf(sibling) + (isUp ? 1 : 0);
  siblings.splice(beside, 0, window);
}
