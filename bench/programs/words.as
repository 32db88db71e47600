// Makes a text of n words, splits it, counts each word in a map and joins the counts: strings, a hash map, and a garbage
// collector at work. Returns a hash of the result.
const syllables: string[] = ["ka", "lo", "mi", "ne", "ru", "sta", "ti", "vo"];

function hash(text: string): u32 {
  let h: u32 = 2166136261;
  for (let i = 0; i < text.length; i++) h = (h ^ <u32>text.charCodeAt(i)) * 16777619;
  return h;
}

export function run(n: i32): u32 {
  let seed: u32 = 1;
  const made: string[] = [];
  for (let i = 0; i < n; i++) {
    let word = "";
    for (let j = 0; j < 3; j++) {
      seed = seed * 1664525 + 1013904223;
      word += syllables[(seed >> 24) & 7];
    }
    made.push(word);
  }
  const counts = new Map<string, i32>();
  const words = made.join(" ").split(" ");
  for (let i = 0; i < words.length; i++) {
    const word = words[i].toUpperCase();
    counts.set(word, (counts.has(word) ? counts.get(word) : 0) + 1);
  }
  const keys = counts.keys().sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const lines: string[] = [];
  for (let i = 0; i < keys.length; i++) lines.push(keys[i] + "=" + counts.get(keys[i]).toString());
  return hash(lines.join("\n"));
}
