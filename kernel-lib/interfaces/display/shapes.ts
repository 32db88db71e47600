import { cos, sin } from "../../simulation/elementary-functions/index.js";
import type { Rows, Span } from "./surface.js";

/** A point; a shape's corners may lie between pixels. */
export interface Corner {
  readonly x: number;
  readonly y: number;
}

/**
 * The pixels whose centres lie inside of a polygon; of those on its edge, the ones that have its inside to the right or below, so that
 * polygons side by side share none.
 *
 * @param isWinding whether what is enclosed twice is inside; else only what is enclosed an odd number of times.
 */
export function fillPolygon(corners: readonly Corner[], isWinding: boolean, { height }: Rows, span: Span): void {
  let [top, bottom] = [Infinity, -Infinity];
  for (const { y } of corners) {
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  for (let y = Math.max(0, Math.ceil(top)); y <= Math.min(height - 1, bottom); y++) {
    const crossings: { x: number; turn: number }[] = [];
    corners.forEach((a, i) => {
      const b = corners[(i + 1) % corners.length] as Corner;
      const isDown = a.y < b.y;
      const [upper, lower] = isDown ? [a, b] : [b, a];
      if (y < upper.y || y >= lower.y) return;
      const x = upper.x + ((y - upper.y) * (lower.x - upper.x)) / (lower.y - upper.y);
      crossings.push({ x, turn: isDown ? 1 : -1 });
    });
    crossings.sort((a, b) => a.x - b.x);
    let turns = 0;
    for (let i = 0; i + 1 < crossings.length; i++) {
      const { x, turn } = crossings[i] as { x: number; turn: number };
      turns += turn;
      const isInside = isWinding ? turns !== 0 : i % 2 === 0;
      if (isInside) span(y, Math.ceil(x), Math.ceil((crossings[i + 1] as { x: number }).x));
    }
  }
}

/** An arc of an ellipse in a rectangle; angles in 64ths of a degree, counterclockwise from three o'clock. */
export interface Arc {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly angle1: number;
  readonly angle2: number;
}

const fullCircle = 360 * 64;

/** Points along an arc, near enough to each other that a polygon through them is round. */
export function arcCorners({ x, y, width, height, angle1, angle2 }: Arc): Corner[] {
  const extent = Math.max(-fullCircle, Math.min(fullCircle, angle2));
  const share = Math.abs(extent) / fullCircle;
  const steps = Math.max(2, Math.ceil(share * Math.min(2000, 8 + 3 * (width + height))));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = ((angle1 + (extent * i) / steps) * Math.PI) / (180 * 64);
    return { x: x + width / 2 + (width / 2) * cos(angle), y: y + height / 2 - (height / 2) * sin(angle) };
  });
}

/** The inside of an arc: all of its ellipse, a slice to its middle, or what its chord cuts off. */
export function fillArc(arc: Arc, isSlice: boolean, rows: Rows, span: Span): void {
  const { x, y, width, height, angle2 } = arc;
  if (Math.abs(angle2) < fullCircle) {
    const corners = arcCorners(arc);
    if (isSlice) corners.push({ x: x + width / 2, y: y + height / 2 });
    fillPolygon(corners, false, rows, span);
    return;
  }
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  for (let row = Math.max(0, Math.ceil(y)); row <= Math.min(rows.height - 1, y + height); row++) {
    const away = (row - middleY) / (height / 2);
    if (!(Math.abs(away) < 1)) continue;
    const half = (width / 2) * Math.sqrt(1 - away * away);
    span(row, Math.ceil(middleX - half), Math.ceil(middleX + half));
  }
}

/** A line one pixel wide, by Bresenham's rule; `withEnd` says whether its last point belongs to it. */
export function thinLine(a: Corner, b: Corner, withEnd: boolean, span: Span): void {
  const [dx, dy] = [Math.abs(b.x - a.x), Math.abs(b.y - a.y)];
  const [stepX, stepY] = [b.x > a.x ? 1 : -1, b.y > a.y ? 1 : -1];
  const isFlat = dx >= dy;
  const [long, short] = isFlat ? [dx, dy] : [dy, dx];
  let [x, y, error] = [a.x, a.y, 2 * short - long];
  for (let i = 0; i < long + (withEnd ? 1 : 0); i++) {
    span(y, x, x + 1);
    // In the middle between two pixels the one is taken that X.Org's servers take, which depends on the direction.
    const isTie = error === 0;
    const turns = error > 0 || (isTie && (isFlat ? stepY < 0 : stepX < 0) === false);
    if (turns) {
      if (isFlat) y += stepY;
      else x += stepX;
      error -= 2 * long;
    }
    error += 2 * short;
    if (isFlat) x += stepX;
    else y += stepY;
  }
}

/** A line of any width: its rectangle, and a disc at each end where lines are joined. */
export function wideLine(a: Corner, b: Corner, width: number, isRound: boolean, rows: Rows, span: Span): void {
  const [acrossX, acrossY] = [b.x - a.x, b.y - a.y];
  const length = Math.sqrt(acrossX * acrossX + acrossY * acrossY);
  if (length > 0) {
    const [sideX, sideY] = [(acrossY * width) / (2 * length), (-acrossX * width) / (2 * length)];
    const corners = [
      { x: a.x + sideX, y: a.y + sideY },
      { x: b.x + sideX, y: b.y + sideY },
      { x: b.x - sideX, y: b.y - sideY },
      { x: a.x - sideX, y: a.y - sideY },
    ];
    fillPolygon(corners, true, rows, span);
  }
  if (!isRound) return;
  for (const { x, y } of [a, b])
    fillArc(
      { x: x - width / 2, y: y - width / 2, width, height: width, angle1: 0, angle2: fullCircle },
      true,
      rows,
      span,
    );
}
