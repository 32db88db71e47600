import { checkWhole, refuse } from "../../errors.js";
import type { Framebuffer, PixelArea } from "../../protocol/index.js";
import { base64 } from "../platform.js";
import { checkText, Figure, type FigureText } from "./figure.js";
import { png } from "./png.js";

/** See {@link screenPicture}. */
export interface ScreenPictureOptions extends FigureText {
  /** Which part of the screen; all of it unless told. */
  readonly area?: PixelArea;
  /** Rows that stand below as a table: what is on the screen. */
  readonly data?: readonly object[];
  /** How wide it is shown, in pixels; as wide as it is unless told. */
  readonly shownWidth?: number;
}

/**
 * A picture of a screen, as it is now.
 *
 * @throws {@link ParameterError} if title or alt is missing, or the area does not lie on the screen.
 */
export function screenPicture(screen: Framebuffer, options: ScreenPictureOptions): Figure {
  checkText("screenPicture", options);
  if (typeof screen?.read !== "function") refuse("screenPicture", "screen", "a Framebuffer", screen);
  const area = options.area ?? screen.area;
  const shownWidth = checkWhole("screenPicture", "shownWidth", options.shownWidth ?? area.width, 1, 4096);
  const rgba = new Uint8Array(4 * area.width * area.height);
  screen.read(area).forEach((colour, i) => {
    rgba.set([(colour >> 16) & 255, (colour >> 8) & 255, colour & 255, 255], 4 * i);
  });
  const height = Math.round((shownWidth * area.height) / area.width);
  const url = `data:image/png;base64,${base64(png(area.width, area.height, rgba))}`;
  const body = `<image href="${url}" width="${shownWidth}" height="${height}"/>`;
  const rows = (options.data ?? [{ width: area.width, height: area.height }]) as Figure["rows"];
  return new Figure({ ...options, drawing: { width: shownWidth, height, body }, rows });
}
