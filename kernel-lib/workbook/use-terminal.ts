import { checkOptions, checkPositive, Interrupted } from "../errors.js";
import { kernelHook, type MimeBundle } from "../jupyter.js";
import type { Framebuffer } from "../protocol/index.js";
import { onInterrupt } from "../simulation/interrupt.js";
import { escapeMarkup } from "./figures/display.js";
import { outputStyle, palette } from "./figures/palette.js";
import { png } from "./figures/png.js";
import { base64, connectTerminal, type LocalAddress, openTerminalPages } from "./platform.js";

/** See {@link useTerminal}. */
export interface UseTerminalOptions {
  /** How long to wait until a page opens it; 4,000 ms unless told. */
  readonly takeMs?: number;
  /** How long it stays open if nobody touches it at all; 12,000 ms unless told. */
  readonly untouchedMs?: number;
  /** How long it stays open after the last touch; 60,000 ms unless told. */
  readonly idleMs?: number;
  /** Shows the card in which the terminal is; by default the notebook does. For pages other than the notebook's. */
  readonly show?: (html: string) => void;
}

/** What became of a terminal in the page. */
export interface TerminalUse {
  /** Whether a page opened it. */
  readonly opened: boolean;
  /** How often somebody did something at it: fetches that went up with keys or mouse. */
  readonly touches: number;
  /** Bytes that came down to it. */
  readonly downBytes: number;
  /** Bytes that went up. */
  readonly upBytes: number;
  /** The screen when it was closed, as the server keeps it; undefined if the server was gone by then. */
  readonly picture: Framebuffer | undefined;
  /** Why it was closed. */
  readonly reason: string;
}

/** A page that goes and comes at once, as when the reader chooses another encoding, is the same reader. */
const graceMs = 800;

/**
 * Puts a terminal into the notebook, below the cell: a canvas that shows what a server on this machine keeps, whatever program that is. Click on it, and keys
 * and mouse go to the server. The cell runs as long as the terminal is open: until it is killed by its button, the page is closed, the cell is
 * interrupted, or nobody has touched it for a while. A still picture of the last state stays.
 *
 * Where no script runs, nobody opens it, and after `takeMs` the cell goes on with the still picture.
 *
 * @param address where the server is: what `serveTerminal` or `startXTerminal` gave, or a port of 127.0.0.1.
 * @throws {@link ParameterError} if a number is out of range; {@link ConnectionRefused} if no server is there; {@link Interrupted} if the
 *   reader interrupts the cell.
 */
export async function useTerminal(address: LocalAddress, options: UseTerminalOptions = {}): Promise<TerminalUse> {
  checkOptions("useTerminal", options);
  const takeMs = checkPositive("useTerminal", "takeMs", options.takeMs ?? 4000);
  const untouchedMs = checkPositive("useTerminal", "untouchedMs", options.untouchedMs ?? 12_000);
  const idleMs = checkPositive("useTerminal", "idleMs", options.idleMs ?? 60_000);
  const where: LocalAddress = "port" in address ? { port: address.port } : { path: address.path };
  const before = await pictureOf(where);
  const hook = kernelHook();
  const seen = { opened: false, touches: 0, downBytes: 0, upBytes: 0 };
  let timer: NodeJS.Timeout | undefined;
  let close = (_reason: string): void => undefined;
  const closed = new Promise<string>((resolve) => {
    close = resolve;
  });
  const after = (ms: number, reason: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => close(reason), ms);
  };
  const pages = await openTerminalPages(where, {
    opened: () => {
      seen.opened = true;
      after(untouchedMs, `nobody touched it for ${untouchedMs / 1000} s`);
    },
    touched: () => {
      seen.touches++;
      after(idleMs, `nobody touched it for ${idleMs / 1000} s`);
    },
    gone: (end) => {
      seen.downBytes += end.downBytes;
      seen.upBytes += end.upBytes;
      if (pages.open === 0) after(graceMs, "it was killed, or its page was closed");
    },
  });
  let isInterrupted = false;
  const withdraw = onInterrupt(() => {
    isInterrupted = true;
    close("the cell was interrupted");
  });
  const cardId = `handoff-terminal-${pages.url.split("/").at(-1)}`;
  const live = liveCard(cardId, before, pages);
  let use: TerminalUse;
  try {
    after(
      takeMs,
      `no page opened it within ${takeMs / 1000} s: no script ran here, or the page can't reach this process`,
    );
    if (options.show) options.show(live);
    else hook?.display({ "text/plain": "A terminal is offered to the page.", "text/html": live }, {}, cardId);
    const reason = await closed;
    pages.close();
    const picture = await pictureOf(where).catch(() => undefined);
    use = { ...seen, picture, reason };
  } finally {
    clearTimeout(timer);
    withdraw();
    pages.close();
  }
  // What stays in the notebook has no script: opened tomorrow, it must not look for a server that is gone.
  if (!options.show) hook?.update(stillCard(use, before), cardId);
  if (isInterrupted) throw new Interrupted(`useTerminal: ${use.reason}; the program at the server goes on`);
  return use;
}

/** The whole screen, as one more terminal sees it. */
async function pictureOf(address: LocalAddress): Promise<Framebuffer> {
  const terminal = await connectTerminal(address, { timeoutMs: 4000 });
  try {
    await terminal.request({ isIncremental: false });
    await terminal.update({ timeoutMs: 4000 });
    return terminal.picture;
  } finally {
    terminal.end();
  }
}

function imageOf({ width, height, pixels }: Framebuffer): string {
  const rgba = new Uint8Array(4 * pixels.length);
  pixels.forEach((colour, i) => {
    rgba.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], 4 * i);
  });
  return base64(png(width, height, rgba));
}

const image = (data: string, { width, height }: Framebuffer): string =>
  `<img src="data:image/png;base64,${data}" width="${width}" height="${height}" alt="The screen that the server keeps" style="display:block;max-width:100%;height:auto">`;

function liveCard(id: string, before: Framebuffer, pages: { readonly module: string; readonly url: string }): string {
  const script =
    `const root=document.getElementById(${JSON.stringify(id)});` +
    `import(${JSON.stringify(pages.module)}).then((page)=>page.openPageTerminal(root,${JSON.stringify({ url: pages.url })}),` +
    `(error)=>{root.querySelector("[data-say]").textContent="This page can't reach the kernel: "+error.message})`;
  const cover =
    "position:absolute;inset:0;width:100%;height:100%;opacity:0;cursor:default;resize:none;border:0;padding:0";
  const choice = ["zrle", "hextile", "rre", "raw"].map((name) => `<option>${name}</option>`).join("");
  return card(
    `<div data-still>${image(imageOf(before), before)}</div>` +
      `<div data-live hidden><div style="position:relative;display:inline-block;max-width:100%;line-height:0">` +
      `<canvas data-screen style="max-width:100%;height:auto"></canvas>` +
      // Keys go to what can be written into: there the notebook's own keys are off.
      `<textarea data-keys data-lm-suppress-shortcuts="true" aria-label="Keys and mouse for the terminal" autocomplete="off" spellcheck="false" style="${cover}"></textarea></div>` +
      `<div style="margin-top:4px"><button data-kill type="button">Kill this terminal</button> ` +
      `<label>encoding <select data-encoding>${choice}</select></label></div></div>` +
      `<div data-say role="status">A terminal waits for this page to open it…</div><script>(()=>{${script}})()</script>`,
    id,
  );
}

function stillCard(use: TerminalUse, before: Framebuffer): MimeBundle {
  const n = (value: number) => value.toLocaleString("en-US");
  const text = use.opened
    ? `The terminal was open in this page: ${n(use.downBytes)} bytes came down, ${n(use.upBytes)} went up. It was closed because ${use.reason}. This is what the server keeps.`
    : `The screen that the server keeps, as a still picture: ${use.reason}.`;
  const picture = use.picture ?? before;
  const data = imageOf(picture);
  return {
    "text/plain": text,
    "text/html": card(`${image(data, picture)}<div>${escapeMarkup(text)}</div>`),
    "image/png": data,
  };
}

function card(inner: string, id?: string): string {
  return `<div class="handoff"${id ? ` id="${id}"` : ""}><style>${outputStyle}</style><div style="border-left:4px solid ${palette.measured};padding:2px 10px;max-width:760px">${inner}</div></div>`;
}
