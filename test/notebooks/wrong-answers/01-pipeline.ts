import type { exercises, XClientConnection } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Answer = exercises.StartingClient;

const atom = (name: string) => ({ onlyIfExists: true, name });
const property = ({ setup }: XClientConnection, number: number) => {
  const window = setup.screens[0]?.root as number;
  return { delete: false, window, property: number, type: 31, longOffset: 0, longLength: 16 };
};
const colour = ({ setup }: XClientConnection, value: Uint8Array) => ({
  colormap: setup.screens[0]?.colormap as number,
  name: new TextDecoder().decode(value).replace(/\0+$/, ""), // what fills it up
});

const atomsOf = async (client: XClientConnection, names: readonly string[]) => {
  for (const name of names) await client.request("InternAtom", atom(name));
  const atoms: number[] = [];
  for (const _name of names) atoms.push((await client.reply("InternAtom")).atom);
  return atoms;
};

const propertiesOf = async (client: XClientConnection, atoms: readonly number[]) => {
  for (const each of atoms) await client.request("GetProperty", property(client, each));
  const values: Uint8Array[] = [];
  for (const _atom of atoms) values.push((await client.reply("GetProperty")).value);
  return values;
};

const pixelsOf = async (client: XClientConnection, values: readonly Uint8Array[]) => {
  for (const value of values) await client.request("AllocNamedColor", colour(client, value));
  const pixels: number[] = [];
  for (const _value of values) pixels.push((await client.reply("AllocNamedColor")).pixel);
  return pixels;
};

/** Asks for one part, and waits each time. */
const onePart = async (client: XClientConnection, name: string) => {
  const { atom: number } = await client.ask("InternAtom", atom(name));
  const { value } = await client.ask("GetProperty", property(client, number));
  return (await client.ask("AllocNamedColor", colour(client, value))).pixel;
};

const inOrder = async (client: XClientConnection, names: readonly string[]) => {
  const pixels: number[] = [];
  for (const name of names) pixels.push(await onePart(client, name));
  return pixels;
};

const answers: AnswersFrom = () => ({
  mistakes: {
    "everything at once": async (client, names) => {
      for (const [i, name] of names.entries()) {
        await client.request("InternAtom", atom(name));
        await client.request("GetProperty", property(client, 69 + i));
        await client.request("AllocNamedColor", colour(client, new Uint8Array(0)));
      }
      const pixels: number[] = [];
      for (const _name of names) {
        await client.reply("InternAtom");
        await client.reply("GetProperty");
        pixels.push((await client.reply("AllocNamedColor")).pixel);
      }
      return pixels;
    },
    "waits for an answer that nobody sends": async (client, names) => {
      const atoms: number[] = [];
      for (const name of names) {
        await client.ask("InternAtom", atom(name));
        atoms.push((await client.reply("InternAtom")).atom);
      }
      return pixelsOf(client, await propertiesOf(client, atoms));
    },
    "mixes up the answers": async (client, names) => {
      const atoms = await atomsOf(client, names);
      return pixelsOf(client, await propertiesOf(client, atoms.reverse()));
    },
    "reads an answer as that to another question": async (client, names) => {
      const atoms: number[] = [];
      for (const name of names) await client.request("InternAtom", atom(name));
      for (const [i] of names.entries()) {
        atoms.push((await client.reply("InternAtom")).atom);
        await client.request("GetProperty", property(client, atoms[i] as number));
      }
      // The answer to the first of these is that to a property.
      const values: Uint8Array[] = [];
      for (const each of atoms) {
        await client.request("AllocNamedColor", colour(client, values.at(-1) ?? new Uint8Array(each % 2)));
        values.push((await client.reply("GetProperty")).value);
      }
      const pixels: number[] = [];
      for (const _value of values) pixels.push((await client.reply("AllocNamedColor")).pixel);
      return pixels;
    },
    "asks for atoms that it knows": async (client, names) => {
      await atomsOf(client, names);
      return pixelsOf(client, await propertiesOf(client, await atomsOf(client, names)));
    },
    "one by one": inOrder,
    "in step only for a part": async (client, names) => {
      const atoms = await atomsOf(client, names);
      const pixels: number[] = [];
      for (const each of atoms) {
        const { value } = await client.ask("GetProperty", property(client, each));
        pixels.push((await client.ask("AllocNamedColor", colour(client, value))).pixel);
      }
      return pixels;
    },
  } satisfies Record<string, Answer>,
  wrong: {
    "guesses that atoms follow each other": async (client, names) => {
      const { atom: first } = await client.ask("InternAtom", atom(names[0] as string));
      return pixelsOf(
        client,
        await propertiesOf(
          client,
          names.map((_name, i) => first + i),
        ),
      );
    },
    "gives the atoms": atomsOf,
    "gives nothing": async () => [],
    "two parts at a time": async (client, names) => {
      const pixels: number[] = [];
      for (let i = 0; i < names.length; i += 2)
        pixels.push(...(await Promise.all(names.slice(i, i + 2).map((name) => onePart(client, name)))));
      return pixels;
    },
  } satisfies Record<string, Answer>,
  right: {
    "one kind after the other": async (client, names) =>
      pixelsOf(client, await propertiesOf(client, await atomsOf(client, names))),
    "a promise for each part": (client, names) => Promise.all(names.map((name) => onePart(client, name))),
    "each property as soon as its atom is known": async (client, names) => {
      for (const name of names) await client.request("InternAtom", atom(name));
      for (const _name of names)
        await client.request("GetProperty", property(client, (await client.reply("InternAtom")).atom));
      const values: Uint8Array[] = [];
      for (const _name of names) values.push((await client.reply("GetProperty")).value);
      return pixelsOf(client, values);
    },
  } satisfies Record<string, Answer>,
});
export default answers;
