// A plugin of typedoc: the API pages are grouped by the rooms of kernel-lib. Each room has a page of its own, made of the comment
// that opens its index.ts and of all its names, with the first sentence of each; the names of a room's own rooms stand together.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { Comment, CommentTag, Converter, DocumentReflection, MinimalSourceFile, ReflectionKind } from "typedoc";
import { inRoot } from "./setup/paths.mjs";

const library = inRoot("kernel-lib");
const values = ReflectionKind.Function | ReflectionKind.Class | ReflectionKind.Variable;
/** Where names stand that lie above the rooms: errors, which every room throws. */
const shared = "all rooms";

/** Called by typedoc. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    const rooms = new Map();
    const add = (reflection, [room, ...inside], isInNamespace) => {
      const names = rooms.get(room) ?? new Map();
      rooms.set(room, names);
      const inner = inside.length > 1 ? inside[0] : isInNamespace ? path.basename(inside[0], ".ts") : "";
      names.set(inner, [...(names.get(inner) ?? []), reflection]);
      return room;
    };
    for (const reflection of context.project.children ?? []) {
      // A room that is exported as one namespace: its names stand by file.
      const isNamespace = reflection.kind === ReflectionKind.Namespace;
      const [room] = (isNamespace ? reflection.children : [reflection]).map((each) =>
        add(each, placeOf(context, each), isNamespace),
      );
      putInto(reflection, room);
    }
    rooms.delete(shared);
    for (const [room, names] of rooms) addPage(context, room, names);
  });
}

/** The folders of a name's source below kernel-lib, and its file. */
function placeOf(context, reflection) {
  const [declaration] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
  if (!declaration) throw new Error(`the source of ${reflection.name} is not known`);
  const place = path.relative(library, declaration.getSourceFile().fileName).split(path.sep);
  return place.length > 1 ? place : [shared, ...place];
}

function putInto(reflection, category) {
  const documented = reflection.signatures?.[0] ?? reflection;
  documented.comment ??= new Comment();
  documented.comment.blockTags.push(new CommentTag("@category", [{ kind: "text", text: category }]));
}

function addPage(context, room, names) {
  const file = path.join(library, room, "index.ts");
  const opening = introduction(file);
  if (opening === "") throw new Error(`${file} must open with a comment that says what the room is`);
  const inner = [...names.keys()].sort().map((name) => {
    const own = name === "" ? "" : introduction(path.join(library, room, name, "index.ts"));
    return [`## ${name || "Names"}`, own, listOf(names.get(name))];
  });
  const parse = (text) => context.converter.parseRawComment(new MinimalSourceFile(text, file), context.project.files);
  const { content } = parse([`# ${room}`, opening, ...inner.flat()].filter((part) => part !== "").join("\n\n"));
  const page = new DocumentReflection(room, context.project, content, { category: "The rooms" });
  context.project.addChild(page);
  context.project.registerReflection(page, undefined, file);
  const [paragraph] = opening.split("\n\n");
  const described = parse(`${room}\n${paragraph} {@link ${room} | Its page} tells more.`);
  context.project.comment.blockTags.push(new CommentTag("@categoryDescription", described.content));
}

/** The comment that opens an index.ts, as Markdown; empty if there is none. */
export function introduction(file) {
  const [, comment = ""] = (existsSync(file) && /^\/\*\*\n([\s\S]*?)\n \*\//.exec(readFileSync(file, "utf8"))) || [];
  return comment
    .replace(/^ \* ?/gm, "")
    .replace(/^@(module|packageDocumentation)\s*$/gm, "")
    .replace(/^@see /gm, "*See* ")
    .trim();
}

/** Names with their first sentences, and then those of types. */
function listOf(reflections) {
  const sorted = [...reflections].sort((a, b) => (a.name < b.name ? -1 : 1));
  const linkTo = (each) => `{@link ${each.getFullName()} | ${each.name}}`;
  const lines = sorted.filter(({ kind }) => kind & values).map((each) => `- ${linkTo(each)}: ${firstSentence(each)}`);
  const types = sorted.filter(({ kind }) => !(kind & values)).map(linkTo);
  return [lines.join("\n"), types.length > 0 ? `*Types*: ${types.join(", ")}.` : ""].join("\n\n");
}

function firstSentence(reflection) {
  const comment = reflection.signatures?.[0]?.comment ?? reflection.comment;
  const [paragraph = ""] = Comment.combineDisplayParts(comment?.summary ?? []).split("\n\n");
  const text = paragraph.replace(/\s+/g, " ").trim();
  return (/^.*?\.(?= [A-Z`{]|$)/.exec(text)?.[0] ?? text).replace(/:$/, ".");
}
