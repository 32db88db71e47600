import type { Inspection } from "../messages.js";
import type { QuickInfo } from "./typescript.js";

/** A name's signature and doc comment as the content of an inspect reply. */
export function inspected(info: QuickInfo | undefined): Inspection {
  const signature = join(info?.displayParts);
  if (!info || !signature) return { status: "ok", found: false, data: {}, metadata: {} };
  const about = join(info.documentation);
  const tags = (info.tags ?? []).map(({ name, text }) => ({ name, text: join(text) }));
  const plain = [signature, about, tags.map(({ name, text }) => `@${name} ${text}`.trim()).join("\n")];
  const markdown = [
    `\`\`\`typescript\n${signature}\n\`\`\``,
    about,
    tags.map(({ name, text }) => `- *@${name}* ${text}`.trim()).join("\n"),
  ];
  const data = { "text/plain": paragraphs(plain), "text/markdown": paragraphs(markdown) };
  return { status: "ok", found: true, data, metadata: {} };
}

function join(parts: readonly { readonly text: string }[] = []): string {
  return parts
    .map(({ text }) => text)
    .join("")
    .replace(/\{@link(?:code|plain)? ([^}]*)\}/g, "$1");
}

function paragraphs(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}
