import { refuse } from "../../errors.js";
import type { XdrType } from "../../protocol/index.js";
import type { RemoteInterface } from "./remote-interface.js";

/** What C and rpcgen take as a name. */
const identifier = /^[A-Za-z][A-Za-z0-9_]*$/;

/**
 * The interface in the language of ONC RPC, which `rpcgen` makes C stubs of.
 *
 * Every composed type gets a name: `calculator_t1` and on, in the order of its first use.
 *
 * @param name the program's name in the text: letters, digits and underscores.
 * @throws {@link ParameterError} if a name is none in C, or a type is not in the language.
 * @see RFC 5531, section 12, and RFC 4506, section 6.
 */
export function rpcLanguage({ program, version, methods }: RemoteInterface, name: string): string {
  if (typeof name !== "string" || !identifier.test(name))
    refuse("rpcLanguage", "name", "letters, digits and underscores, a letter first", name);
  const definitions: string[] = [];
  const named = new Map<string, string>();
  const nameFor = (type: XdrType<unknown>, define: (own: string) => string): string => {
    const known = named.get(type.name);
    if (known) return known;
    const own = `${name}_t${named.size + 1}`;
    named.set(type.name, own);
    definitions.push(define(own));
    return own;
  };
  const typeName = (type: XdrType<unknown>): string => {
    const { shape } = type;
    switch (shape.kind) {
      case "word":
        if (type.name === "anything") refuse("rpcLanguage", "a type", "one of XDR", type.name);
        return type.name;
      case "string":
        return nameFor(type, (own) => `typedef string ${own}<${shape.maxBytes}>;`);
      case "opaque":
        return nameFor(type, (own) => `typedef opaque ${own}<${shape.maxBytes}>;`);
      case "array": {
        const of = typeName(shape.of);
        return nameFor(type, (own) => `typedef ${of} ${own}<${shape.maxLength}>;`);
      }
      case "optional": {
        const of = typeName(shape.of);
        return nameFor(type, (own) => `typedef ${of} *${own};`);
      }
      case "struct": {
        const fields = shape.fields.map(([field, each]) => `  ${typeName(each)} ${checkName(field)};`);
        return nameFor(type, (own) => `struct ${own} {\n${fields.join("\n")}\n};`);
      }
    }
  };
  const procedures = Object.entries(methods).map(([method, { number, args, result }]) => {
    const types = args.length === 0 ? "void" : args.map(typeName).join(", ");
    return `    ${typeName(result)} ${checkName(method)}(${types}) = ${number};`;
  });
  const upper = name.toUpperCase();
  return [
    ...definitions,
    `program ${upper} {`,
    `  version ${upper}_V${version} {`,
    ...procedures,
    `  } = ${version};`,
    `} = ${program};`,
    "",
  ].join("\n");
}

function checkName(name: string): string {
  if (!identifier.test(name)) refuse("rpcLanguage", "a name", "letters, digits and underscores, a letter first", name);
  return name;
}
