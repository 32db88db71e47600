import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { inRoot, root } from "../../scripts/setup/paths.mjs";

/** Names that a clone does not have. */
const made = new Set([".git", "node_modules", ".venv", ".jupyter", "build", "dist", ".ipynb_checkpoints"]);

/**
 * The folder that stands for somebody's fresh clone. Its name holds what means something to shells, patterns and addresses.
 *
 * The tests of the set-up make it anew and install into it; the tests in the browser go on with it, so that a reader's
 * own notebooks are never opened by a test.
 */
export const cloneFolder: string = inRoot("build", "a fresh (clone), it's {2} #3 4% né 😀 $5 & !");

/** Copies the sources, as they stand now, to a folder; what was installed and built there stays. */
export function copySources(to: string): void {
  for (const name of sourceFiles()) {
    mkdirSync(path.dirname(path.join(to, name)), { recursive: true });
    copyFileSync(inRoot(name), path.join(to, name));
  }
}

/** As {@link copySources}, and makes it a git repository with one commit of everything. */
export function makeClone(to: string): void {
  rmSync(path.join(to, ".git"), { recursive: true, force: true });
  for (const folder of ["notebooks", "kernel-lib", "jupyter"])
    rmSync(path.join(to, folder), { recursive: true, force: true });
  copySources(to);
  const git = (...args: string[]) => execFileSync("git", args, { cwd: to, stdio: ["ignore", "ignore", "inherit"] });
  git("init", "-q");
  git("add", "-A");
  git("-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "--no-gpg-sign", "-m", "all");
}

function sourceFiles(): string[] {
  if (existsSync(inRoot(".git"))) {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
    return listed
      .toString()
      .split("\0")
      .filter((name) => name !== "" && existsSync(inRoot(name)));
  }
  const names = readdirSync(root, { withFileTypes: true }).filter((entry) => !made.has(entry.name));
  return names.flatMap((entry) => (entry.isDirectory() ? under(entry.name) : [entry.name]));
}

function under(folder: string): string[] {
  return readdirSync(inRoot(folder), { withFileTypes: true })
    .filter((entry) => !made.has(entry.name))
    .flatMap((entry) => {
      const name = path.join(folder, entry.name);
      return entry.isDirectory() ? under(name) : [name];
    });
}

/**
 * The environment of somebody with an empty home folder, who types a command into a terminal.
 *
 * Nothing of the npm run around the test is left in it; npm's own cache and settings are pointed to, since they are the
 * machine's and not ours.
 */
export function readersEnvironment(home: string, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  mkdirSync(home, { recursive: true });
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|JUPYTER|IPYTHON|XDG_|INIT_CWD$|NODE_OPTIONS$|TMPDIR$|NO_COLOR$|FORCE_COLOR$|CI$)/.test(name),
  );
  const { npm, pip } = machinesSettings();
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    npm_config_cache: inRoot("build", "npm-cache"),
    ...(npm === undefined ? {} : { npm_config_userconfig: npm }),
    ...(pip === undefined ? {} : { PIP_CONFIG_FILE: pip }),
    ...extra,
  };
}

/** The files in which this machine's user has settings of npm and of pip. */
function machinesSettings(): { npm?: string; pip?: string } {
  const first = (names: readonly string[]) =>
    names.map((name) => path.join(homedir(), name)).find((file) => existsSync(file));
  const [npm, pip] = [first([".npmrc"]), first([".config/pip/pip.conf", ".pip/pip.conf"])];
  return { ...(npm === undefined ? {} : { npm }), ...(pip === undefined ? {} : { pip }) };
}

/**
 * Settings that suit somebody's other work and would break an installation here, in files and in variables; what this
 * machine needs to reach the network stays.
 *
 * @param folder in which the files are written
 */
export function awkwardSettings(folder: string): NodeJS.ProcessEnv {
  mkdirSync(folder, { recursive: true });
  const { npm, pip } = machinesSettings();
  const read = (file: string | undefined) => (file === undefined ? "" : `${readFileSync(file, "utf8")}\n`);
  const files = { npm: path.join(folder, "npmrc"), pip: path.join(folder, "pip.conf") };
  writeFileSync(files.npm, `${read(npm)}${awkward.npm.join("\n")}\n`);
  // pip refuses a section that stands twice.
  writeFileSync(files.pip, `${read(pip)}[install]\n${awkward.pip.join("\n")}\n`);
  return { npm_config_userconfig: files.npm, PIP_CONFIG_FILE: files.pip, ...awkward.variables };
}

const awkward = {
  npm: [
    ...["omit[]=optional", "omit[]=dev", "production=true", "ignore-scripts=true", "prefix=/nowhere", "offline=true"],
    ...["bin-links=false", "package-lock=false", "legacy-peer-deps=true", "install-strategy=nested", "dry-run=true"],
    ...["os=win32", "cpu=mips", "before=2015-01-01"],
  ],
  pip: ["user = true", "target = /nowhere", "quiet = 1", "no-deps = true", "dry-run = true"],
  variables: {
    NODE_ENV: "production",
    NODE_PATH: "/nowhere",
    PIP_USER: "1",
    PIP_PREFIX: "/nowhere",
    PIP_REQUIRE_VIRTUALENV: "1",
    PIP_NO_BINARY: ":all:",
    PYTHONPATH: "/nowhere",
    PYTHONHOME: "/nowhere",
    PYTHONWARNINGS: "error",
    PYTHONOPTIMIZE: "2",
    GIT_DIR: "/nowhere",
    ESBUILD_BINARY_PATH: "/nowhere",
  },
};
