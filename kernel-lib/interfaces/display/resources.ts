import type { XErrorName } from "../../protocol/index.js";
import type { Font } from "./fonts.js";
import { Surface } from "./surface.js";

/** A request that the display refuses: it becomes an error on the wire. */
export class RequestFailed extends Error {
  readonly code: XErrorName;
  readonly badValue: number;

  constructor(code: XErrorName, badValue = 0) {
    super(`${code} ${badValue}`);
    this.code = code;
    this.badValue = badValue;
  }
}

/** A property: text, numbers or identifiers that a client leaves at a window for others. */
export interface Property {
  readonly type: number;
  readonly format: number;
  readonly value: Uint8Array;
}

/** What a window is filled with before anybody draws. */
export type Background = number | Surface | undefined;

/** A window: a rectangle in another, with contents of its own, whether or not it can be seen. */
export class XWindow {
  readonly kind = "window";
  readonly children: XWindow[] = [];
  readonly properties = new Map<number, Property>();
  /** Which events each client wants, by the client's number. */
  readonly wanted = new Map<number, number>();
  readonly id: number;
  readonly depth: number;
  readonly isInputOnly: boolean;
  parent: XWindow | undefined;
  x: number;
  y: number;
  width: number;
  height: number;
  borderWidth: number;
  /** Its contents; none for one that only takes input. */
  surface: Surface | undefined;
  background: Background = undefined;
  borderPixel = 0;
  overrideRedirect = false;
  /** Events that do not go on to its parent. */
  notPropagated = 0;
  isMapped = false;

  constructor(id: number, parent: XWindow | undefined, geometry: Geometry, isInputOnly: boolean) {
    this.id = id;
    this.parent = parent;
    this.x = geometry.x;
    this.y = geometry.y;
    this.width = geometry.width;
    this.height = geometry.height;
    this.borderWidth = geometry.borderWidth;
    this.isInputOnly = isInputOnly;
    this.depth = isInputOnly ? 0 : 24;
    this.surface = isInputOnly ? undefined : new Surface(geometry.width, geometry.height, 24);
  }

  /** Whether it and all windows around it are mapped. */
  get isViewable(): boolean {
    return this.isMapped && (this.parent === undefined || this.parent.isViewable);
  }

  /** Where its upper left corner is on the screen. */
  get origin(): { x: number; y: number } {
    if (this.parent === undefined) return { x: 0, y: 0 };
    const { x, y } = this.parent.origin;
    return { x: x + this.x + this.borderWidth, y: y + this.y + this.borderWidth };
  }

  /** Fills a part with the background; without one it stays as it is. */
  clear(x: number, y: number, width: number, height: number): void {
    const { surface, background } = this;
    if (surface === undefined || background === undefined) return;
    const colour = (at: number, row: number) =>
      typeof background === "number" ? background : background.at(at % background.width, row % background.height);
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++)
      surface.span(row, x, x + width, (at) => {
        surface.pixels[row * surface.width + at] = colour(at, row);
      });
  }
}

/** Where a window is in its parent, and how large. */
export interface Geometry {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly borderWidth: number;
}

/** A picture that is drawn into and never seen. */
export interface XPixmap {
  readonly kind: "pixmap";
  readonly surface: Surface;
}

/** How to draw: colours, widths, what is left out. */
export interface XContext {
  readonly kind: "context";
  readonly values: Record<string, number>;
  clip: Surface | readonly Rectangle[] | undefined;
  tile: Surface | undefined;
  stipple: Surface | undefined;
  font: Font | undefined;
}

/** A rectangle of pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Whatever has an identifier that a client chose. */
export type Resource =
  | XWindow
  | XPixmap
  | XContext
  | { readonly kind: "font"; readonly font: Font }
  | { readonly kind: "cursor" | "colormap" };

/** What a new context says. @see "X Window System Protocol", CreateGC. */
export const contextDefaults: Readonly<Record<string, number>> = {
  function: 3,
  planeMask: 0xffffffff,
  foreground: 0,
  background: 1,
  lineWidth: 0,
  lineStyle: 0,
  capStyle: 1,
  joinStyle: 0,
  fillStyle: 0,
  fillRule: 0,
  tileStippleX: 0,
  tileStippleY: 0,
  subwindowMode: 0,
  graphicsExposures: 1,
  clipX: 0,
  clipY: 0,
  dashOffset: 0,
  dashes: 4,
  arcMode: 1,
};
