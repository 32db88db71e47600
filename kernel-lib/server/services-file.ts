import { refuse } from "../errors.js";

/** One name of a service for one protocol, as `/etc/services` gives it. */
export interface ServicePort {
  /** The official name, or another one for the same. */
  readonly name: string;
  /** Its port. */
  readonly port: number;
  /** The protocol, mostly `tcp` or `udp`. */
  readonly protocol: string;
}

/**
 * Reads the system's list of services: a line each, with the official name, `port/protocol` and other names, `#` before a comment.
 *
 * @returns a row for each name, in the order written. A line that is none of these gives no row, as with the system's own reader.
 * @throws {@link ParameterError} if `text` is no text.
 * @see services(5).
 */
export function readServices(text: string): ServicePort[] {
  if (typeof text !== "string") refuse("readServices", "text", "the text of a list of services", text);
  return text.split("\n").flatMap((line) => {
    const [name = "", place = "", ...others] = line
      .replace(/#.*/, "")
      .split(/[ \t\r]+/)
      .filter((word) => word !== "");
    const [, digits, protocol] = /^(\d{1,5})\/(\w+)$/.exec(place) ?? [];
    const port = Number(digits);
    if (protocol === undefined || port > 65_535) return [];
    return [name, ...others].map((each) => ({ name: each, port, protocol }));
  });
}

/**
 * The ports of services by `name/protocol`, for {@link InetdConfOptions}; where a name is there twice for one protocol, the first
 * line holds.
 */
export function portsByName(services: readonly ServicePort[]): Record<string, number> {
  const pairs = services.map(({ name, protocol, port }) => [`${name}/${protocol}`, port] as const);
  return Object.fromEntries(pairs.reverse());
}
