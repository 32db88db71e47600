import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { createBrotliDecompress } from "node:zlib";
import { type Browser, chromium } from "playwright-core";
import { inRoot } from "../../scripts/setup/paths.mjs";

const applications = ["Google Chrome", "Chromium", "Microsoft Edge"];
const commands = ["google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "microsoft-edge"];

/** The machine's own browsers, in the order in which they are tried. */
function installed(): string[] {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const onPath = commands.flatMap((command) => folders.map((folder) => path.join(folder, command)));
  const onMac = applications.map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  return [...new Set([...onPath, ...onMac])].filter((file) => existsSync(file));
}

/**
 * Opens headless Chromium: the machine's Chrome, Chromium or Edge, else one that npm brings into `build/chromium`.
 *
 * @param home a folder for everything that a browser writes
 * @param options `own: true` takes the one from npm even if the machine has another
 */
export async function openBrowser(home: string, options: { own?: boolean } = {}): Promise<Browser> {
  mkdirSync(home, { recursive: true });
  const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home } as Record<string, string>;
  const failures: string[] = [];
  for (const executablePath of options.own ? [] : installed())
    try {
      return await chromium.launch({ executablePath, env });
    } catch (error) {
      failures.push(`${executablePath}: ${String(error)}`);
    }
  try {
    const { executablePath, libraries, fonts } = await fetchChromium();
    return await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--no-zygote", "--disable-gpu"],
      env: { ...env, LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: fonts },
    });
  } catch (error) {
    throw new Error(["no browser can be opened; install Chrome or Chromium", ...failures, String(error)].join("\n"));
  }
}

/** Installs the pinned Chromium of npm's @sparticuz/chromium (Linux) and unpacks it; a second call finds it there. */
async function fetchChromium(): Promise<{ executablePath: string; libraries: string; fonts: string }> {
  const folder = inRoot("build", "chromium");
  const unpacked = path.join(folder, "unpacked");
  if (!existsSync(unpacked)) {
    mkdirSync(folder, { recursive: true });
    for (const name of ["package.json", "package-lock.json"])
      copyFileSync(inRoot("test", "browser", "chromium", name), path.join(folder, name));
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
    await unpack(path.join(folder, "node_modules"), `${unpacked}.half`);
    renameSync(`${unpacked}.half`, unpacked);
    rmSync(path.join(folder, "node_modules"), { recursive: true, force: true });
  }
  writeFontSettings(path.join(unpacked, "fonts"));
  return {
    executablePath: path.join(unpacked, "chromium"),
    libraries: path.join(unpacked, "al2023", "lib"),
    fonts: path.join(unpacked, "fonts"),
  };
}

interface TarFs {
  extract(folder: string): NodeJS.WritableStream;
}

async function unpack(modules: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  const tar = (await import(pathToFileURL(path.join(modules, "tar-fs", "index.js")).href)).default as TarFs;
  const packed = (name: string) => createReadStream(path.join(modules, "@sparticuz", "chromium", "bin", name));
  await pipeline(
    packed("chromium.br"),
    createBrotliDecompress(),
    createWriteStream(path.join(to, "chromium"), { mode: 0o755 }),
  );
  for (const [name, folder] of [
    ["al2023.tar.br", "al2023"],
    ["fonts.tar.br", "fonts"],
    ["swiftshader.tar.br", "."],
  ] as const)
    await pipeline(packed(name), createBrotliDecompress(), tar.extract(path.join(to, folder)));
}

// The package's own fonts.conf names folders of the cloud service that it was made for. A browser that finds no font at
// all for a family ends with "Not implemented", so each generic family has one.
function writeFontSettings(fonts: string): void {
  const family = (name: string) => `<alias><family>${name}</family><prefer><family>Open Sans</family></prefer></alias>`;
  const generic = ["sans-serif", "serif", "monospace", "system-ui", "cursive", "fantasy"].map(family).join("\n");
  const head = '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">';
  const folders = `<dir>${fonts}</dir>\n<cachedir>${path.join(fonts, "cache")}</cachedir>`;
  writeFileSync(path.join(fonts, "fonts.conf"), `${head}\n<fontconfig>\n${folders}\n${generic}\n</fontconfig>\n`);
}
