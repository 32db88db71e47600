/**
 * What carries a terminal's bytes: a connection of a {@link Host} is one, and so is a socket of the operating system behind an
 * adapter.
 */
export interface ByteConnection {
  /** Sends bytes; resolves when there is room for more. */
  send(bytes: Uint8Array): Promise<void>;
  /** The next bytes, or undefined when the peer has ended. @throws {@link TimedOut} after `timeoutMs`. */
  receive(options?: { readonly timeoutMs?: number }): Promise<Uint8Array | undefined>;
  /** Sends no more. */
  end(): void;
  /** Drops it. */
  reset(): void;
}
