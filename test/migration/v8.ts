/** The part of V8's WebAssembly that serves as an oracle; Node's types leave it out. */
interface V8 {
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): readonly { module: string; name: string; kind: string }[];
  };
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: object } }>;
}
const v8 = (globalThis as unknown as { WebAssembly: V8 }).WebAssembly;

/** The exported functions of a module that needs nothing, as V8 runs them. */
export async function exportsOf(bytes: Uint8Array): Promise<Record<string, (...numbers: number[]) => unknown>> {
  return (await v8.instantiate(bytes, {})).instance.exports as never;
}

/** What a module wants of its surroundings. */
export function importsOf(bytes: Uint8Array): readonly { module: string; name: string; kind: string }[] {
  return v8.Module.imports(new v8.Module(bytes));
}
