import type { Framebuffer, FramebufferInput } from "../../protocol/index.js";

/** A program with a screen. It runs where the screen is kept: at the server; a terminal only shows it. */
export interface TerminalApplication {
  /** What it draws upon. */
  readonly framebuffer: Framebuffer;
  /** Somebody did something at a terminal. */
  input(input: FramebufferInput): void;
  /** How often `tick` is called, in ms; undefined for a program that changes nothing by itself. */
  readonly tickMs?: number | undefined;
  /** Time has passed. */
  tick?(): void;
}
