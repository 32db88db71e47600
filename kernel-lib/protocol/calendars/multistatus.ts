import { MalformedMessage } from "../xdr.js";
import { childrenOf, readXml, type XmlElement } from "./xml.js";

/** What a server says of one of its entries. */
export interface EntryStatus {
  /** Its path on the server, as the server writes it. */
  readonly href: string;
  /** 200, or what is the matter with it: 404 where it is gone. */
  readonly status: number;
  /** Its version, in quotation marks: what If-Match wants. */
  readonly etag?: string;
  /** Its text, where that was asked for. */
  readonly calendar?: string;
}

/** A server's answer about several entries. */
export interface Multistatus {
  /** In the server's order. */
  readonly entries: readonly EntryStatus[];
  /** What to name next time to hear only of what has changed since. */
  readonly syncToken?: string;
}

const dav = "DAV:";
const caldav = "urn:ietf:params:xml:ns:caldav";

/**
 * Reads the body of a 207 Multi-Status.
 *
 * @throws {@link MalformedMessage} if it is none.
 * @see RFC 4918 §13, RFC 6578 §6.2 (the sync token), RFC 4791 §9.6 (the calendar's text).
 */
export function readMultistatus(body: string): Multistatus {
  const root = readXml(body);
  if (root.namespace !== dav || root.name !== "multistatus")
    throw new MalformedMessage(`a multistatus was expected, and ${JSON.stringify(root.name.slice(0, 40))} came`);
  const [token] = childrenOf(root, dav, "sync-token");
  return {
    entries: childrenOf(root, dav, "response").flatMap(entriesOf),
    ...(token && { syncToken: token.text.trim() }),
  };
}

/** One response is about one entry, whose properties have a status each; or about several that share a status. */
function entriesOf(response: XmlElement): EntryStatus[] {
  const hrefs = childrenOf(response, dav, "href").map(({ text }) => text.trim());
  if (hrefs.length === 0) throw new MalformedMessage("a response names no href");
  const [shared] = childrenOf(response, dav, "status");
  if (shared) {
    const status = statusOf(shared);
    return hrefs.map((href) => ({ href, status }));
  }
  const [href = "", ...others] = hrefs;
  if (others.length > 0) throw new MalformedMessage("a response with properties is about one href");
  const found = childrenOf(response, dav, "propstat");
  if (found.length === 0) throw new MalformedMessage(`the response about ${JSON.stringify(href)} has no status`);
  const good = found.filter((each) => statusOf(childrenOf(each, dav, "status")[0]) === 200);
  const properties = good.flatMap((each) => childrenOf(each, dav, "prop"));
  const text = (namespace: string, name: string): string | undefined =>
    properties.flatMap((each) => childrenOf(each, namespace, name))[0]?.text;
  const [etag, calendar] = [text(dav, "getetag"), text(caldav, "calendar-data")];
  return [{ href, status: 200, ...(etag && { etag: etag.trim() }), ...(calendar !== undefined && { calendar }) }];
}

function statusOf(element: XmlElement | undefined): number {
  const [, status] = /^HTTP\/\d\.\d (\d{3})/.exec(element?.text.trim() ?? "") ?? [];
  if (status === undefined) throw new MalformedMessage("a response has no status such as HTTP/1.1 200 OK");
  return Number(status);
}

/**
 * What did not hold, by the names that a server's refusal gives: `valid-sync-token`. Empty if the body names nothing.
 *
 * @see RFC 4918 §16, RFC 6578 §3.2.
 */
export function readPreconditions(body: string): string[] {
  if (!/^\s*</.test(body)) return [];
  const root = readXml(body);
  return root.namespace === dav && root.name === "error" ? root.children.map(({ name }) => name) : [];
}
