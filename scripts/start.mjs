// `npm start`: checks Node before anything newer than it is parsed, then sets up and opens JupyterLab.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major > 20 || (major === 20 && minor >= 19)) {
  import("./setup/lab.mjs").then(({ main }) => main(process.argv.slice(2)));
} else {
  console.error(
    `Node ${process.versions.node} is too old: install Node 20.19 or later (https://nodejs.org) and start again.`,
  );
  process.exitCode = 1;
}
