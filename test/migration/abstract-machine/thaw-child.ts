/** Thaws the images that come in (JSON, base64), runs each to its end, and writes what it gave and its last image as JSON. */
import { readFileSync } from "node:fs";
import { thaw } from "kernel-lib";
import { imageText, runToEnd } from "./support.js";

const images: string[] = JSON.parse(readFileSync(0, "utf8"));
const ended = images.map((image) => {
  const machine = thaw(Buffer.from(image, "base64"));
  const stop = runToEnd(machine);
  return { results: stop.why === "finished" && stop.results.map(String), image: imageText(machine) };
});
console.log(JSON.stringify(ended));
