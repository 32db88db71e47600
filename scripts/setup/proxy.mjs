// Why the network can't be reached, if a setting of the reader's is why: a proxy, or another place to take packages from.
import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { toolEnvironment } from "./environment.mjs";
import { root } from "./paths.mjs";

const forAll = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/**
 * A sentence that names the proxies and the source of packages that are set, those first that don't answer; empty if none is.
 *
 * @param tool `npm` or `pip`
 * @param environment in which the tool ran; pip's settings are all in it
 */
export async function networkSettings(tool, environment) {
  const variables = forAll.map((name) => [name, environment[name]]);
  const own =
    tool === "npm"
      ? ["https-proxy", "proxy"].map((name) => [`npm's setting ${name}`, npmSetting(name)])
      : [["pip's setting proxy", environment.PIP_PROXY]];
  const proxies = distinct([...own, ...variables]);
  for (const proxy of proxies) proxy.answers = proxy.url === hidden || (await answers(proxy.url));
  proxies.sort((a, b) => Number(a.answers) - Number(b.answers));
  const [proxy] = proxies;
  if (proxy)
    return ` It is set to go through ${shown(proxy, "the proxy")}${proxy.answers ? "" : ", which does not answer"}.`;
  const [source] = distinct([
    tool === "npm"
      ? ["npm's setting registry", npmSetting("registry")]
      : ["pip's setting index-url", environment.PIP_INDEX_URL],
  ]);
  if (!source || /^(registry\.npmjs|pypi)\.org$/.test(source.url.host)) return "";
  return ` Packages are to come from ${shown(source, "the place")}.`;
}

/** Stands for an address that npm keeps to itself, since it holds a password. */
const hidden = { host: "hidden" };

function npmSetting(name) {
  const [, variable] =
    Object.entries(process.env).find(([each]) => each.toLowerCase().replaceAll("_", "-") === `npm-config-${name}`) ??
    [];
  if (variable) return variable;
  const options = { cwd: root, env: { ...toolEnvironment(), LC_ALL: "C" }, encoding: "utf8", timeout: 20_000 };
  const { stdout, stderr } = spawnSync("npm", ["config", "get", name, "--json=false", "--usage=false"], options);
  if (/is protected/.test(stderr ?? "")) return hidden;
  const value = (stdout ?? "").trim();
  return /^(null|undefined|false|)$/.test(value) ? undefined : value;
}

/** The settings that hold an address, each address once. */
function distinct(settings) {
  const found = new Map();
  for (const [from, value] of settings) {
    const url = value && parsed(value);
    if (url && !found.has(url.host)) found.set(url.host, { from, url });
  }
  return [...found.values()];
}

function parsed(value) {
  if (value === hidden) return hidden;
  try {
    return new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  } catch {
    return undefined;
  }
}

/** An address without the name and password that may stand in it, and where it was set. */
function shown({ from, url }, what) {
  if (url === hidden) return `${what} of ${from}`;
  return `${what} ${url.protocol}//${url.host}${url.pathname === "/" ? "" : url.pathname} (${from})`;
}

const usualPorts = { "http:": 80, "https:": 443 };

const answers = ({ protocol, hostname, port }) =>
  new Promise((resolve) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const socket = connect({ host, port: Number(port) || (usualPorts[protocol] ?? 1080) });
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(3000, () => end(false));
    socket.once("connect", () => end(true)).once("error", () => end(false));
  });
