import {
  type Address,
  areaBytes,
  areaMask,
  type Expression,
  type Fn,
  type RandomProgram,
  type Statement,
  type Type,
} from "./random-program.js";

/** A program in AssemblyScript: its functions are exported as `run0` and so on, and `dump` stores all global variables. */
export function programText({ globals, functions }: RandomProgram): string {
  return [
    `let area: usize = memory.data(${areaBytes * 2});`,
    ...globals.map((type, i) => `let g${i}: ${type} = ${type[0] === "f" ? "1.5" : "11"};`),
    ...(["f32", "f64"] as const).map(
      (type) => `function ${type}Certain(x: ${type}): ${type} { return x == x ? x : 0; }`,
    ),
    ...functions.map((fn, i) => functionText(fn, i)),
    `export function dump(): void {`,
    ...globals.map((type, i) => {
      const value = type[0] === "f" ? `${type}Certain(g${i})` : `g${i}`;
      return `  store<${type}>(area + ${areaBytes + 8 * i}, ${value});`;
    }),
    "}",
  ].join("\n");
}

function functionText({ params, result, locals, body, returns }: Fn, index: number): string {
  const declared = locals.slice(params.length).map((type, i) => `  let l${params.length + i}: ${type} = 0;`);
  return [
    `export function run${index}(${params.map((type, i) => `l${i}: ${type}`).join(", ")}): ${result} {`,
    "  let p: usize = area;",
    ...declared,
    ...body.map(statement),
    `  return ${text(returns)};`,
    "}",
  ].join("\n");
}

const all = (statements: readonly Statement[]): string => `{ ${statements.map(statement).join(" ")} }`;

function statement(one: Statement): string {
  switch (one.is) {
    case "set":
      return `l${one.index} = ${text(one.value)};`;
    case "set global":
      return `g${one.index} = ${text(one.value)};`;
    case "point":
      return `p = area + usize(${text(one.to)} & ${areaMask});`;
    case "store": {
      const [type, size] = split(one.name.replace("store", ""));
      return `store<${size === "" ? type : `i${size}`}>(${place(one.to)}, ${size === "" ? text(one.value) : `<i${size}>${text(one.value)}`}, ${one.to.offset});`;
    }
    case "if":
      return `if (${text(one.condition)}) ${all(one.yes)}${one.no.length > 0 ? ` else ${all(one.no)}` : ""}`;
    case "loop":
      return `for (let c${one.depth} = 0; c${one.depth} < ${one.turns}; c${one.depth}++) ${all(one.body)}`;
    case "leave":
      return `if (${text(one.condition)}) break;`;
    case "again":
      return `if (${text(one.condition)}) continue;`;
    case "switch":
      return `switch (${text(one.on)}) { ${one.cases.map((part, i) => `case ${i}: ${all(part)} break;`).join(" ")} default: }`;
    case "return":
      return `if (${text(one.condition)}) return ${text(one.value)};`;
  }
}

const split = (name: string): [string, string] => name.split(".") as [string, string];
const place = ({ base, isAny }: Address): string =>
  isAny ? `area + usize(${text(base)} & ${areaMask})` : `usize(${text(base)})`;

function text(expression: Expression): string {
  const { type } = expression;
  switch (expression.is) {
    case "local":
      return `l${expression.index}`;
    case "global":
      return `g${expression.index}`;
    case "pointer":
      return "i32(p)";
    case "area":
      return "i32(area)";
    case "constant":
      return `<${type}>${expression.value < 0 ? `(${expression.value})` : expression.value}`;
    case "assigned":
      return `(l${expression.index} = ${text(expression.value)})`;
    case "computed":
      return computed(type, expression.name, expression.of);
    case "loaded": {
      const [, size = ""] = split(expression.name.replace("load", ""));
      const read = size === "" ? type : size.endsWith("u") ? `u${size.slice(0, -2)}` : `i${size.slice(0, -2)}`;
      return `<${type}>load<${read}>(${place(expression.from)}, ${expression.from.offset})`;
    }
    case "called":
      return `run${expression.callee}(${expression.args.map(text).join(", ")})`;
    case "called by value": {
      const [one, other] = expression.callees;
      return `(${text(expression.which)} ? run${one} : run${other})(${expression.args.map(text).join(", ")})`;
    }
    case "chosen": {
      const [one, other] = expression.between.map(text);
      return expression.lazy
        ? `(${text(expression.by)} ? ${one} : ${other})`
        : `select<${type}>(${one}, ${other}, ${text(expression.by)})`;
    }
    case "certain":
      return `${type}Certain(${text(expression.value)})`;
  }
}

const signs: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  rem: "%",
  and: "&",
  or: "|",
  xor: "^",
  shl: "<<",
  shr: ">>",
  eq: "==",
  ne: "!=",
  lt: "<",
  gt: ">",
  le: "<=",
  ge: ">=",
};

function computed(type: Type, name: string, of: readonly Expression[]): string {
  const [on, operation] = split(name);
  const [kind = "", sign] = operation.split("_");
  const [x = "", y] = of.map(text);
  const unsigned = `u${on.slice(1)}`;
  const typed = (part: string | undefined): string =>
    sign === "u" && on[0] === "i" ? `<${unsigned}>${part}` : `${part}`;
  if (y !== undefined && kind in signs) return `<${type}>(${typed(x)} ${signs[kind]} ${typed(y)})`;
  if (y !== undefined) return `${kind}<${on}>(${x}, ${y})`;
  if (kind === "eqz") return `<i32>(${x} == 0)`;
  if (kind.startsWith("extend") && kind !== "extend") return `<${type}>(<i${kind.slice(6)}>${x})`;
  if (kind === "neg") return `(-${x})`;
  // Conversions: the sign of what they read or give stands at the end of their name.
  if (kind === "extend" || kind === "convert")
    return `<${type}>${
      name.endsWith("_u")
        ? `<u${name
            .match(/i(\d+)/g)
            ?.at(-1)
            ?.slice(1)}>${x}`
        : x
    }`;
  if (kind === "trunc" && name.includes("sat"))
    return name.endsWith("_u") ? `<${type}><${unsigned}>${x}` : `<${type}>${x}`;
  if (["wrap", "demote", "promote"].includes(kind)) return `<${type}>${x}`;
  return `${kind}<${on}>(${x})`;
}
