/** The names of colours that this display knows, as 0xRRGGBB. @see rgb.txt of X.Org */
const named: Readonly<Record<string, number>> = {
  black: 0x000000,
  white: 0xffffff,
  red: 0xff0000,
  green: 0x00ff00,
  blue: 0x0000ff,
  yellow: 0xffff00,
  cyan: 0x00ffff,
  magenta: 0xff00ff,
  gray: 0xbebebe,
  grey: 0xbebebe,
  lightgray: 0xd3d3d3,
  lightgrey: 0xd3d3d3,
  darkgray: 0xa9a9a9,
  darkgrey: 0xa9a9a9,
  dimgray: 0x696969,
  slategray: 0x708090,
  lightslategray: 0x778899,
  navy: 0x000080,
  steelblue: 0x4682b4,
  skyblue: 0x87ceeb,
  lightblue: 0xadd8e6,
  royalblue: 0x4169e1,
  darkgreen: 0x006400,
  forestgreen: 0x228b22,
  seagreen: 0x2e8b57,
  gold: 0xffd700,
  orange: 0xffa500,
  darkorange: 0xff8c00,
  tomato: 0xff6347,
  firebrick: 0xb22222,
  maroon: 0xb03060,
  brown: 0xa52a2a,
  tan: 0xd2b48c,
  wheat: 0xf5deb3,
  ivory: 0xfffff0,
  pink: 0xffc0cb,
  purple: 0xa020f0,
  violet: 0xee82ee,
  orchid: 0xda70d6,
};

/** The colour of that name, however it is written; `gray0` to `gray100` are shares of white. Undefined if there is none. */
export function colourNamed(name: string): number | undefined {
  const plain = name.toLowerCase().replace(/\s+/g, "");
  const share = /^gr[ae]y(\d{1,2}|100)$/.exec(plain)?.[1];
  if (share !== undefined) return 0x010101 * Math.floor((Number(share) * 255) / 100 + 0.5);
  return Object.hasOwn(named, plain) ? named[plain] : undefined;
}

/** A colour in the three channels of the protocol, 16 bits each. */
export function channels(pixel: number): { red: number; green: number; blue: number } {
  const [red, green, blue] = [16, 8, 0].map((shift) => ((pixel >>> shift) & 0xff) * 0x101) as [number, number, number];
  return { red, green, blue };
}

/** The nearest pixel of a colour of 16 bits a channel. */
export function pixelOf({ red, green, blue }: { red: number; green: number; blue: number }): number {
  return ((red >>> 8) << 16) | ((green >>> 8) << 8) | (blue >>> 8);
}
