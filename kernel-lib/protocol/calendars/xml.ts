import { SaxesParser } from "saxes";
import { MalformedMessage } from "../xdr.js";

/** An element of an XML document. */
export interface XmlElement {
  /** The namespace, whatever prefix stood for it: `DAV:`. Empty if it has none. */
  readonly namespace: string;
  /** The name without its prefix. */
  readonly name: string;
  /** All text directly in it, pieces one behind the other. */
  readonly text: string;
  /** The elements directly in it. */
  readonly children: readonly XmlElement[];
}

const mostCharacters = 16_777_216;
const deepest = 32;
/** An element of four characters takes a hundred bytes of memory. */
const mostElements = 100_000;

interface Growing extends XmlElement {
  text: string;
  readonly children: Growing[];
}

/**
 * Reads an XML document from a server that may wish us ill: at most 16 MiB, 100,000 elements, 32 of them one in the other, with no
 * document type, so that there are no entities but the five that XML has.
 *
 * @throws {@link MalformedMessage} if it is none, or goes beyond that.
 */
export function readXml(text: string): XmlElement {
  if (text.length > mostCharacters)
    throw new MalformedMessage(`an answer has at most ${mostCharacters} characters, and this one has ${text.length}`);
  const parser = new SaxesParser({ xmlns: true });
  const outermost: Growing = { namespace: "", name: "", text: "", children: [] };
  const open: Growing[] = [outermost];
  parser.on("error", ({ message }) => {
    throw new MalformedMessage(`no XML: ${message}`);
  });
  parser.on("doctype", () => {
    throw new MalformedMessage("an answer may have no document type");
  });
  let elements = 0;
  parser.on("opentag", ({ uri, local }) => {
    if (++elements > mostElements) throw new MalformedMessage(`an answer has at most ${mostElements} elements`);
    if (open.length > deepest) throw new MalformedMessage(`more than ${deepest} elements are open`);
    const element: Growing = { namespace: uri, name: local, text: "", children: [] };
    (open.at(-1) as Growing).children.push(element);
    open.push(element);
  });
  parser.on("closetag", () => {
    open.pop();
  });
  const addText = (piece: string): void => {
    (open.at(-1) as Growing).text += piece;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.write(text).close();
  return outermost.children[0] as XmlElement;
}

/** The elements of that name directly in another. */
export function childrenOf(element: XmlElement | undefined, namespace: string, name: string): XmlElement[] {
  return (element?.children ?? []).filter((child) => child.namespace === namespace && child.name === name);
}

/** A text as it may stand in an element. @throws nothing: what XML can't hold at all is left out */
export function xmlText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML has no way to write
  const possible = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "");
  return possible.replace(/[&<>\r]/g, (found) => `&#${found.charCodeAt(0)};`);
}
