// Where everything lives in the checkout, and the environment in which Jupyter writes nowhere else.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { toolEnvironment } from "./environment.mjs";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const inRoot = (...parts) => path.join(root, ...parts);

/** What node is given to build kernel-lib and the kernel's launcher. */
export const buildArguments = ["--import", "tsx", inRoot("scripts", "build.ts")];
export const venv = inRoot(".venv");
export const python = path.join(venv, "bin", "python");
export const state = inRoot(".jupyter");
export const runtimeFolder = path.join(state, "runtime");
/** Static files that JupyterLab serves under /static/: the API pages stand at /static/api/. */
export const pagesFolder = inRoot("build", "pages");

/**
 * The environment for every Jupyter and Python process.
 *
 * The reader's own Jupyter settings, kernels and Python paths are left out, and configuration, data, runtime files,
 * workspaces and IPython's profile go to `.jupyter/`.
 */
export function jupyterEnvironment(from = process.env) {
  const entries = Object.entries(toolEnvironment(from)).filter(([name]) => !/^(JUPYTER|JPY_|IPYTHON)/.test(name));
  return {
    ...Object.fromEntries(entries),
    JUPYTER_CONFIG_DIR: path.join(state, "config"),
    JUPYTER_CONFIG_PATH: inRoot("jupyter", "lab"),
    JUPYTER_DATA_DIR: path.join(state, "data"),
    JUPYTER_PATH: path.join(state, "share", "jupyter"),
    JUPYTER_RUNTIME_DIR: runtimeFolder,
    JUPYTERLAB_SETTINGS_DIR: path.join(state, "lab", "user-settings"),
    JUPYTERLAB_WORKSPACES_DIR: path.join(state, "lab", "workspaces"),
    JUPYTER_PREFER_ENV_PATH: "1",
    JUPYTER_PLATFORM_DIRS: "0",
    IPYTHONDIR: path.join(state, "ipython"),
    PYTHONNOUSERSITE: "1",
    PYTHONUTF8: "1",
  };
}
