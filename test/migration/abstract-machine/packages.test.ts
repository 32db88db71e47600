/**
 * Modules of published packages, made by C, Rust and AssemblyScript compilers, with the glue that comes with them: they give the same on V8's WebAssembly and on
 * the machine, at once and when it is stopped and moved in the middle of their work.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { randomStream } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../../../scripts/setup/paths.mjs";
import { v8 } from "../v8.js";
import { type Stops, webAssemblyOf } from "./web-assembly.js";

const load = createRequire(import.meta.url);

/** Runs what a package does, loaded anew, on a WebAssembly. */
async function on<T>(webAssembly: object, name: string, work: (loaded: never) => Promise<T> | T): Promise<T> {
  const inside = `/node_modules/${name}/`;
  for (const file of Object.keys(load.cache)) if (file.includes(inside)) delete load.cache[file];
  const world = globalThis as unknown as { WebAssembly: object };
  const before = world.WebAssembly;
  world.WebAssembly = webAssembly;
  try {
    return await work(load(name) as never);
  } finally {
    world.WebAssembly = before;
  }
}

const never: Stops = () => ({ fuel: Infinity, isMoved: false });

/** Stops the machine so often, mostly after few instructions, and moves it at one of a hundred stops. */
function often(stops: number): Stops {
  const random = randomStream(1, "stops");
  let left = stops;
  return () => {
    if (left-- <= 0) return never();
    return { fuel: 1 + Math.floor(random() ** 6 * 3000), isMoved: random() < 0.01 };
  };
}

/** What a package gives, which has to be the same on each WebAssembly. */
function compare<Loaded, Result>(
  name: string,
  work: (loaded: Loaded) => Promise<Result> | Result,
  check: (result: Result) => void,
): void {
  let wanted: Result | undefined;
  const theirs = async (): Promise<Result> => {
    wanted ??= await on(v8, name, work as never);
    return wanted as Result;
  };
  test(`${name} gives the same on the machine as on V8`, async () => {
    const result = await theirs();
    check(result);
    assert.equal(await on(webAssemblyOf(never), name, work as never), result);
  });
  test(`${name} gives the same on a machine that is stopped 30,000 times and moved 300 times`, async () => {
    assert.equal(await on(webAssemblyOf(often(30_000)), name, work as never), await theirs());
  });
}

const text = readFileSync(inRoot("LICENSE"), "utf8");
const inputs: readonly string[] = ["", "abc", text.slice(0, 5000)];

interface HashWasm {
  readonly [name: string]: (data: string) => Promise<string>;
}
const hashes = [
  ...[
    "adler32",
    "blake2b",
    "blake2s",
    "blake3",
    "crc32",
    "crc64",
    "keccak",
    "md4",
    "md5",
    "ripemd160",
    "sha1",
    "sha224",
  ],
  ...["sha256", "sha3", "sha384", "sha512", "sm3", "whirlpool", "xxhash3", "xxhash32", "xxhash64", "xxhash128"],
];
compare(
  "hash-wasm",
  async (
    loaded: HashWasm & { argon2id(options: object): Promise<string>; bcrypt(options: object): Promise<string> },
  ) => {
    const given: Record<string, string[]> = {};
    for (const hash of hashes) {
      given[hash] = [];
      for (const input of inputs) given[hash].push((await loaded[hash]?.(input)) ?? "");
    }
    const password = { password: "secret", salt: new Uint8Array(16).fill(7), outputType: "hex" };
    given.argon2id = [
      await loaded.argon2id({ ...password, iterations: 1, parallelism: 1, memorySize: 64, hashLength: 32 }),
    ];
    given.bcrypt = [await loaded.bcrypt({ ...password, costFactor: 4 })];
    return given;
  },
  (given) => {
    for (const hash of ["md5", "sha1", "sha256", "sha512", "ripemd160"])
      assert.equal(
        given[hash],
        inputs.map((input) => createHash(hash).update(input).digest("hex")),
      );
  },
);

interface Sha256 {
  digest(bytes: Uint8Array): Uint8Array;
  digest64(bytes: Uint8Array): Uint8Array;
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
compare(
  "@chainsafe/as-sha256",
  ({ digest, digest64 }: Sha256) => [
    ...inputs.map((input) => hex(digest(Buffer.from(input.slice(0, 500))))),
    hex(digest64(Buffer.from(text.slice(0, 64)))),
  ],
  (given) =>
    assert.equal(
      given,
      [...inputs, text.slice(0, 64)].map((input) => createHash("sha256").update(input.slice(0, 500)).digest("hex")),
    ),
);

interface Lz4 {
  compress(bytes: Uint8Array): Uint8Array;
  decompress(bytes: Uint8Array): Uint8Array;
}
compare(
  "lz4-wasm-nodejs",
  ({ compress, decompress }: Lz4) => {
    const packed = compress(Buffer.from(text));
    return { packed: Buffer.from(packed).toString("hex"), again: Buffer.from(decompress(packed)).toString() };
  },
  ({ packed, again }) => {
    assert.is(again, text);
    assert.ok(packed.length < 2 * text.length);
  },
);

const source = `import fs, { readFileSync as read } from "node:fs"; import data from './a.json' with { type: 'json' };
export const x = /[/]/.test("\\"}") ? \`\${import.meta.url}\` : await import("./b.js"); export { x as "y z" }; export default class {}`;
compare(
  "es-module-lexer",
  async ({
    init,
    parse,
  }: {
    init: Promise<void>;
    parse(text: string): readonly [object[], object[], boolean, boolean];
  }) => {
    await init;
    return JSON.stringify(parse(source));
  },
  (found) => {
    for (const name of ["node:fs", "./a.json", "./b.js"]) assert.ok(found.includes(`"n":"${name}"`), found);
  },
);

interface Hasher {
  h32ToString(text: string, seed?: number): string;
  h64ToString(text: string, seed?: bigint): string;
  create64(): { update(text: string): { digest(): bigint } };
}
compare(
  "xxhash-wasm",
  async (make: () => Promise<Hasher>) => {
    const hasher = await make();
    const both = inputs.map((input) => [hasher.h32ToString(input, 5), hasher.h64ToString(input, 7n)]);
    return [...both, String(hasher.create64().update(text.slice(0, 777)).digest())];
  },
  ([first]) => assert.match(String(first), /^[0-9a-f]{8},[0-9a-f]{16}$/),
);

interface Consumer {
  readonly sources: readonly string[];
  eachMapping(callback: (mapping: { generatedLine: number; originalLine: number; name: string | null }) => void): void;
  originalPositionFor(at: { line: number; column: number }): object;
  destroy(): void;
}
const map = JSON.parse(readFileSync(load.resolve("xxhash-wasm").replace(/$/, ".map"), "utf8"));
compare(
  "source-map",
  async ({ SourceMapConsumer }: { SourceMapConsumer: new (map: object) => Promise<Consumer> }) => {
    const consumer = await new SourceMapConsumer(map);
    const mappings: string[] = [];
    consumer.eachMapping(({ generatedLine, originalLine, name }) =>
      mappings.push(`${generatedLine} ${originalLine} ${name}`),
    );
    const found = [1, 100, 2000, 9000].map((column) => consumer.originalPositionFor({ line: 1, column }));
    consumer.destroy();
    return { mappings, found };
  },
  ({ mappings }) => assert.ok(mappings.length > 100),
);

test.run();
