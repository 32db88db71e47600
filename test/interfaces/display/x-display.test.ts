import {
  decodeXError,
  decodeXEvent,
  decodeXReply,
  encodeXRequest,
  encodeXSetup,
  XDisplay,
  type XDisplayMessage,
  type XDisplayOptions,
  XDisplayStream,
  type XRequestFields,
  type XRequestName,
  xRequestName,
} from "kernel-lib";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("X display");

/** A client that asks without any network. */
function clientOf(display: XDisplay) {
  const stream = new XDisplayStream("little");
  const got: XDisplayMessage[] = [];
  const client = display.connect((bytes) => got.push(...stream.push(bytes)));
  client.push(encodeXSetup());
  return {
    got,
    client,
    base: (display.clients || 1) * 2 ** 21,
    ask<N extends XRequestName>(name: N, fields: XRequestFields<N>): XDisplayMessage[] {
      got.length = 0;
      client.push(encodeXRequest(name, fields));
      return [...got];
    },
    events: (name: string) =>
      got.flatMap(({ kind, bytes }) => {
        const event = kind === "event" ? decodeXEvent(bytes, "little") : undefined;
        return event?.name === name ? [event.fields as Record<string, number>] : [];
      }),
  };
}

const [root, width, height] = [0x40, 60, 40];
const shape = { parent: root, x: 10, y: 5, width: 20, height: 10, borderWidth: 0, windowClass: 1, visual: 0 };

/** A display with a window of a client that wants all events. */
function withWindow(options: XDisplayOptions = { width, height }) {
  const display = new XDisplay(options);
  const client = clientOf(display);
  const [window, gc] = [client.base + 1, client.base + 2];
  const values = { backgroundPixel: 0xffffff, eventMask: 0x6a_a07f };
  client.ask("CreateWindow", { depth: 24, window, ...shape, values });
  client.ask("MapWindow", { window });
  client.ask("CreateGC", { gc, drawable: window, values: { foreground: 0xff0000 } });
  return { display, client, window, gc };
}

test("a window is seen where it is put, with its background, and what is drawn in it; its client is told to draw", () => {
  const { display, client, window, gc } = withWindow();
  assert.is(display.screen.at(9, 5), 0xc8d0d8);
  assert.is(display.screen.at(10, 5), 0xffffff);
  client.ask("PolyFillRectangle", { drawable: window, gc, rectangles: [{ x: 1, y: 2, width: 3, height: 4 }] });
  const red = [...display.screen.pixels].filter((pixel) => pixel === 0xff0000).length;
  assert.is(red, 12);
  assert.is(display.screen.at(11, 7), 0xff0000);
  assert.is(display.screen.at(14, 7), 0xffffff);
});

test("mapping tells MapNotify, and then Expose of all of it", () => {
  const display = new XDisplay();
  const client = clientOf(display);
  const window = client.base + 1;
  client.ask("CreateWindow", { depth: 24, window, ...shape, values: { eventMask: 0x2_8000 } });
  const told = client.ask("MapWindow", { window }).map(({ bytes }) => decodeXEvent(bytes, "little"));
  assert.equal(
    told.map((event) => event?.name),
    ["MapNotify", "Expose"],
  );
  assert.equal(told[1]?.fields, { window, x: 0, y: 0, width: 20, height: 10, count: 0 });
});

test("every opcode from 1 to 255 is carried out, answered, or refused by an error, and the next request is served", () => {
  for (let opcode = 1; opcode < 256; opcode++) {
    const { client } = withWindow();
    client.got.length = 0;
    client.client.push(Uint8Array.of(opcode, 0, 2, 0, 0, 0, 0, 0));
    client.client.push(encodeXRequest("GetInputFocus", {}));
    const last = client.got.at(-1) as XDisplayMessage;
    assert.is(last.kind, "reply", xRequestName(opcode));
    assert.is(last.sequence, 5, xRequestName(opcode));
  }
});

test("a request of the core that is not here is answered by Implementation, one of no extension by Request", () => {
  const { client } = withWindow();
  const errorTo = (opcode: number) => {
    client.got.length = 0;
    client.client.push(Uint8Array.of(opcode, 0, 1, 0));
    return client.got.map(({ bytes }) => decodeXError(bytes, "little"));
  };
  assert.equal(errorTo(107), [{ name: "Implementation", sequence: 4, badValue: 0, minorOpcode: 0, majorOpcode: 107 }]);
  assert.equal(errorTo(200), [{ name: "Request", sequence: 5, badValue: 0, minorOpcode: 0, majorOpcode: 200 }]);
});

test("errors name what is wrong: no such window, drawable or context, a taken identifier, a request that is too short", () => {
  const { client, window, gc } = withWindow();
  const error = (messages: readonly XDisplayMessage[]) =>
    messages.filter(({ kind }) => kind === "error").map(({ bytes }) => decodeXError(bytes, "little").name);
  const points = [{ x: 0, y: 0 }];
  assert.equal(error(client.ask("MapWindow", { window: 77 })), ["Window"]);
  assert.equal(error(client.ask("PolyPoint", { relative: false, drawable: 77, gc, points })), ["Drawable"]);
  assert.equal(error(client.ask("PolyPoint", { relative: false, drawable: window, gc: window, points })), ["GContext"]);
  assert.equal(error(client.ask("CreateGC", { gc: window, drawable: window, values: {} })), ["IDChoice"]);
  assert.equal(error(client.ask("CreateGC", { gc: 5, drawable: window, values: {} })), ["IDChoice"]);
  assert.equal(error(client.ask("GetAtomName", { atom: 5000 })), ["Atom"]);
  assert.equal(error(client.ask("OpenFont", { font: client.base + 9, name: "helvetica" })), ["Name"]);
  const huge = { depth: 24, pixmap: client.base + 9, drawable: window, width: 65_535, height: 65_535 };
  assert.equal(error(client.ask("CreatePixmap", huge)), ["Alloc"]);
  client.got.length = 0;
  client.client.push(Uint8Array.of(1, 0, 1, 0));
  assert.equal(error(client.got), ["Length"]);
});

test("only who shows the cookie is let in", () => {
  const cookie = Uint8Array.of(1, 2, 3, 4);
  const display = new XDisplay({ cookie });
  const answers = [undefined, Uint8Array.of(1, 2, 3, 5), cookie].map((shown) => {
    let first = -1;
    const client = display.connect((bytes) => {
      if (first < 0) first = bytes[0] as number;
    });
    const proof = shown && { authorizationName: "MIT-MAGIC-COOKIE-1", authorizationData: shown };
    client.push(encodeXSetup(proof));
    return first;
  });
  assert.equal(answers, [0, 0, 1]);
  assert.is(display.clients, 1);
});

test("the mouse is told to the window under it, in its own coordinates, and asked for by QueryPointer", () => {
  const { display, client, window } = withWindow();
  client.got.length = 0;
  display.movePointer(13, 9);
  assert.equal(
    client.events("MotionNotify").map(({ x, y, rootX, rootY, window: at }) => [x, y, rootX, rootY, at]),
    [[3, 4, 13, 9, window]],
  );
  const [reply] = client.ask("QueryPointer", { window });
  const asked = decodeXReply("QueryPointer", (reply as XDisplayMessage).bytes, "little");
  assert.equal([asked.x, asked.y, asked.rootX, asked.rootY], [3, 4, 13, 9]);
});

test("who was pressed hears of the release, wherever the mouse is then; each window crossed hears of leaving and entering", () => {
  const { display, client, window } = withWindow();
  display.movePointer(12, 6);
  display.pressButton(1, true);
  display.movePointer(50, 30);
  client.got.length = 0;
  display.pressButton(1, false);
  assert.is(client.events("ButtonRelease").length, 1);
  client.got.length = 0;
  display.movePointer(12, 6);
  assert.equal(
    client.events("EnterNotify").map(({ window: at }) => at),
    [window],
  );
  display.pressButton(1, true);
  assert.is(client.events("ButtonPress").length, 1);
});

test("a key is told by a code that the keyboard's mapping explains", () => {
  const { display, client } = withWindow();
  display.movePointer(12, 6);
  client.got.length = 0;
  for (const key of ["a", "=", "Return", "no such key"]) display.pressKey(key, true);
  const keycodes = client.events("KeyPress").map(({ keycode }) => keycode as number);
  const [reply] = client.ask("GetKeyboardMapping", { firstKeycode: 8, count: 248 });
  const { keysyms } = decodeXReply("GetKeyboardMapping", (reply as XDisplayMessage).bytes, "little");
  assert.equal(
    keycodes.map((keycode) => keysyms[keycode - 8]),
    [0x61, 0x3d, 0xff0d],
  );
});

test("what a client leaves at a window another reads, and it goes with the client; nothing of a client that is gone stays", () => {
  const { display, client, window } = withWindow();
  const other = clientOf(display);
  const data = { format: 8, value: Uint8Array.of(104, 105) };
  client.ask("ChangeProperty", { mode: 0, window, property: 39, type: 31, data });
  client.ask("ChangeProperty", { mode: 2, window, property: 39, type: 31, data });
  const [reply] = other.ask("GetProperty", {
    delete: false,
    window,
    property: 39,
    type: 0,
    longOffset: 0,
    longLength: 1,
  });
  const read = decodeXReply("GetProperty", (reply as XDisplayMessage).bytes, "little");
  assert.equal([...read.value], [104, 105, 104, 105]);
  assert.equal(
    display.windows.map(({ name }) => name),
    ["hihi"],
  );
  client.client.close();
  assert.equal(display.windows, []);
  assert.is(display.resources.size, 2, "the root and its colours");
});

test("whoever follows the screen hears only of the rows that changed", () => {
  const { display, client, window, gc } = withWindow();
  const { screen } = display;
  const heard: unknown[] = [];
  screen.follow((change) => heard.push(change.kind === "drawn" ? change.area : change.kind));
  assert.is(display.screen, screen);
  assert.equal(heard, []);
  client.ask("PolyPoint", { relative: false, drawable: window, gc, points: [{ x: 0, y: 3 }] });
  assert.is(display.screen, screen);
  assert.equal(heard, [{ x: 0, y: 8, width, height: 1 }]);
});

test.run();
