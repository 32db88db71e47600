// What of a reader's own settings reaches the tools that are run here: how they get through to the network, and no more.
// A setting that suits other work (`omit=optional`, `user = true`, NODE_ENV=production) would leave out or misplace what we need.
import { devNull } from "node:os";

// Node's own options that say how to get through, or how much memory there is.
const keptNodeOptions =
  /^--(use-(openssl|bundled|system|env)|dns-result-order|(no-)?network-family|tls-|openssl-|max-http-header-size|max-(old|semi)-space|max_(old|semi)_space)/;
// Variables that change what Node, npm, git and the tools below them do.
const dropped =
  /^(NODE_(ENV|PATH|OPTIONS|PRESERVE_SYMLINKS\w*|V8_COVERAGE)|INIT_CWD|GIT_(?!EXEC_PATH$)\w+|(ESBUILD|BIOME|TSX|TS_NODE|TYPEDOC)_\w+)$/i;
const droppedPython =
  /^(PYTHON(?!$|DONTWRITEBYTECODE$|UNBUFFERED$|PYCACHEPREFIX$)\w*|VIRTUAL_ENV|CONDA_PREFIX|__PYVENV_LAUNCHER__)$/;

/** The environment for every tool that the set-up runs. */
export function toolEnvironment(from = process.env) {
  const entries = Object.entries(from).filter(
    ([name]) => !dropped.test(name) && !droppedPython.test(name) && isNetworkOfNpm(name),
  );
  const options = (from.NODE_OPTIONS ?? "").split(/\s+/).filter((option) => keptNodeOptions.test(option));
  return { ...Object.fromEntries(entries), ...(options.length > 0 ? { NODE_OPTIONS: options.join(" ") } : {}) };
}

const npmNetwork =
  /^(registry|.*:registry|\/\/.*|(https?[-_])?proxy|no[-_]?proxy|ca|cafile|cert|key|strict[-_]ssl|local[-_]address|maxsockets|fetch[-_].*|user[-_]agent|replace[-_]registry[-_]host|omit[-_]lockfile[-_]registry[-_]resolved|nodedir|userconfig|globalconfig|prefix)$/i;

function isNetworkOfNpm(variable) {
  const [, name] = /^npm_config_(.*)$/is.exec(variable) ?? [];
  return name === undefined || npmNetwork.test(name);
}

/**
 * npm's settings for an installation, whatever its configuration files say: a flag comes before them.
 *
 * `null` is npm's own word for a setting that is not set.
 */
export const npmFlags = [
  ...["prod", "dev", "optional", "peer"].map((kind) => `--include=${kind}`),
  ...["audit", "fund", "global", "ignore-scripts", "dry-run", "force", "legacy-peer-deps", "strict-peer-deps"].map(no),
  ...["package-lock-only", "install-links", "offline", "prefer-offline", "usage", "foreground-scripts"].map(no),
  ...["bin-links", "package-lock"].map((name) => `--${name}=true`),
  ...["os", "cpu", "libc", "before", "script-shell", "node-options"].map((name) => `--${name}=null`),
  "--install-strategy=hoisted",
  "--loglevel=error",
];

function no(name) {
  return `--${name}=false`;
}

const pipNetwork =
  /^(index-url|extra-index-url|find-links|no-index|trusted-host|proxy|cert|client-cert|timeout|default-timeout|retries|keyring-provider)$/;

/**
 * Python code that prints pip's settings, wherever they stand, as JSON: `{ "global.index-url": …, ":env:.proxy": … }`.
 *
 * `pip config list` obeys the settings that it lists: with `user = true` it leaves out all files.
 */
export const pipSettings = `
import json
from pip._internal.configuration import Configuration
settings = Configuration(isolated=False)
settings.load()
print(json.dumps({name: value for name, value in settings.items() if isinstance(value, str)}))
`;

/**
 * pip's environment for an installation: of its settings only those that say where packages come from and how to get there.
 *
 * @param settings what {@link pipSettings} printed
 */
export function pipEnvironment(environment, settings) {
  const values = new Map();
  // Later ones come before earlier ones, as pip itself has it: all commands, then `install`, then variables.
  for (const scope of ["global", "install", ":env:"])
    for (const [key, value] of Object.entries(settings)) {
      const name = key.slice(scope.length + 1);
      if (key === `${scope}.${name}` && pipNetwork.test(name)) values.set(name, value);
    }
  const network = [...values].map(([name, value]) => [
    `PIP_${name.toUpperCase().replaceAll("-", "_")}`,
    value.trim().replaceAll("\n", " "), // pip takes several values of a variable apart at spaces
  ]);
  const others = Object.entries(environment).filter(([name]) => !/^PIP_/i.test(name));
  return { ...Object.fromEntries(others), PIP_CONFIG_FILE: devNull, ...Object.fromEntries(network) };
}
