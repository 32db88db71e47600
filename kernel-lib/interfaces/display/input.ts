import type { XDisplay } from "./display.js";
import type { XWindow } from "./resources.js";

/** Where the mouse is, and who hears of it. */
export interface InputState {
  x: number;
  y: number;
  /** Which buttons are down, by the bits of an event's state: 1 << 8 for the first. */
  buttons: number;
  /** The window in which the pointer is. */
  inside: XWindow;
  /** Who hears of the pointer until all buttons are up, or until the client gives it free. */
  grabbedBy: { readonly window: XWindow; readonly isActive: boolean } | undefined;
  /** Who hears of keys; whoever has the pointer if undefined. */
  focus: XWindow | undefined;
}

const wants = {
  press: 1 << 2,
  release: 1 << 3,
  keyPress: 1,
  keyRelease: 2,
  enter: 1 << 4,
  leave: 1 << 5,
  motion: 1 << 6,
};
const anyButtonMotion = 1 << 13;

/** Keys that are no characters, by their names, as keysyms. @see keysymdef.h */
const namedKeys: Readonly<Record<string, number>> = {
  BackSpace: 0xff08,
  Tab: 0xff09,
  Return: 0xff0d,
  Escape: 0xff1b,
  Delete: 0xffff,
  Left: 0xff51,
  Up: 0xff52,
  Right: 0xff53,
  Down: 0xff54,
};
const firstKeycode = 8;
/** What the keys say, from the first on: each printable character of ASCII has a key of its own. */
export const keysyms: readonly number[] = [
  ...Array.from({ length: 95 }, (_, i) => 32 + i),
  ...Object.values(namedKeys),
];

function keycodeOf(key: string): number | undefined {
  const keysym = Object.hasOwn(namedKeys, key) ? namedKeys[key] : key.length === 1 ? key.charCodeAt(0) : undefined;
  const at = keysym === undefined ? -1 : keysyms.indexOf(keysym);
  return at < 0 ? undefined : firstKeycode + at;
}

/** The deepest window that can be seen at a place. */
function windowAt(display: XDisplay, x: number, y: number): XWindow {
  let found = display.root;
  for (;;) {
    const { x: left, y: top } = found.origin;
    const child = [...found.children].reverse().find(({ isMapped, x: atX, y: atY, width, height, borderWidth }) => {
      const [fromX, fromY] = [left + atX, top + atY];
      return (
        isMapped &&
        x >= fromX &&
        y >= fromY &&
        x < fromX + width + 2 * borderWidth &&
        y < fromY + height + 2 * borderWidth
      );
    });
    if (child === undefined) return found;
    found = child;
  }
}

/** The fields of an event about the pointer, as a window sees it. */
export function seenFrom(display: XDisplay, window: XWindow, child = 0) {
  const { x: rootX, y: rootY, buttons: state } = display.input;
  const { x, y } = window.origin;
  // Windows in windows may be farther away than the protocol can say.
  const [inX, inY] = [((rootX - x) << 16) >> 16, ((rootY - y) << 16) >> 16];
  const root = display.root.id;
  return { time: display.time, root, window: window.id, child, rootX, rootY, x: inX, y: inY, state };
}

/** The first window from here outwards of which somebody wants one of these events; none if one on the way stops them. */
function listener(window: XWindow, mask: number): XWindow | undefined {
  for (let at: XWindow | undefined = window; at !== undefined; at = at.parent) {
    if ([...at.wanted.values()].some((wanted) => (wanted & mask) !== 0)) return at;
    if ((at.notPropagated & mask) !== 0) return undefined;
  }
  return undefined;
}

/** Who hears of the pointer: who has grabbed it, else the window under it and those around. */
function pointerListener(display: XDisplay, mask: number): XWindow | undefined {
  const { grabbedBy, inside } = display.input;
  return grabbedBy?.window ?? listener(inside, mask);
}

export function pointerMoved(display: XDisplay, x: number, y: number): void {
  const { input, root } = display;
  input.x = Math.max(0, Math.min(root.width - 1, x));
  input.y = Math.max(0, Math.min(root.height - 1, y));
  crossed(display, windowAt(display, input.x, input.y));
  const mask = wants.motion | (input.buttons === 0 ? 0 : anyButtonMotion | input.buttons);
  const window = pointerListener(display, mask);
  if (window !== undefined)
    display.tell(window, mask, "MotionNotify", { isHint: 0, ...seenFrom(display, window), sameScreen: true });
}

const [ancestor, virtual, inferior, nonlinear, nonlinearVirtual] = [0, 1, 2, 3, 4];

/** The pointer may be in another window now: those it has left and those it has entered hear of it, from the inside out and back. */
function crossed(display: XDisplay, to: XWindow): void {
  const from = display.input.inside;
  if (from === to) return;
  display.input.inside = to;
  const around = (window: XWindow): XWindow[] => (window.parent ? [...around(window.parent), window] : [window]);
  const [left, entered] = [around(from), around(to)];
  const shared = left.filter((window) => entered.includes(window)).length;
  const tell = (name: "EnterNotify" | "LeaveNotify", window: XWindow, detail: number) =>
    display.tell(window, name === "EnterNotify" ? wants.enter : wants.leave, name, {
      detail,
      ...seenFrom(display, window),
      mode: 0,
      flags: 3,
    });
  const [isOutwards, isInwards] = [entered.length === shared, left.length === shared];
  tell("LeaveNotify", from, isOutwards ? ancestor : isInwards ? inferior : nonlinear);
  for (const window of left.slice(shared, -1).reverse())
    tell("LeaveNotify", window, isOutwards ? virtual : nonlinearVirtual);
  for (const window of entered.slice(shared, -1)) tell("EnterNotify", window, isInwards ? virtual : nonlinearVirtual);
  tell("EnterNotify", to, isOutwards ? inferior : isInwards ? ancestor : nonlinear);
}

/** A button or a key goes down or up. */
export function press(display: XDisplay, what: { button: number } | { key: string }, isDown: boolean): void {
  const { input } = display;
  if ("key" in what) {
    const keycode = keycodeOf(what.key);
    const mask = isDown ? wants.keyPress : wants.keyRelease;
    const window = input.focus ?? listener(input.inside, mask);
    if (keycode === undefined || window === undefined) return;
    const name = isDown ? "KeyPress" : "KeyRelease";
    display.tell(window, mask, name, { keycode, ...seenFrom(display, window), sameScreen: true });
    return;
  }
  const bit = 1 << (7 + what.button);
  const mask = isDown ? wants.press : wants.release;
  const window = pointerListener(display, mask);
  if (window !== undefined) {
    const name = isDown ? "ButtonPress" : "ButtonRelease";
    display.tell(window, mask, name, { button: what.button, ...seenFrom(display, window), sameScreen: true });
    if (isDown && input.grabbedBy === undefined) input.grabbedBy = { window, isActive: false };
  }
  input.buttons = isDown ? input.buttons | bit : input.buttons & ~bit;
  if (input.buttons === 0 && input.grabbedBy?.isActive === false) input.grabbedBy = undefined;
}
