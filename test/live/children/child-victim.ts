/** A process with children, to be killed or to end by itself: tells their process ids, then does what its argument says. */
import { once } from "node:events";
import { executable, selfContainedProgram, startChild } from "kernel-lib";

const [ending, mark = ""] = process.argv.slice(2);
if (ending === "starts more") {
  console.log("[]");
  for (;;) await Promise.all([1, 2, 3].map(() => startChild(executable("/bin/sleep", ["600"], mark))));
}
const shell = await startChild(executable("/bin/sh", ["-c", "trap '' TERM HUP INT; sleep 600 & echo $!; wait"]));
const [grandchild] = await once(shell.stdout as NodeJS.ReadableStream, "data");
const node = await startChild(
  selfContainedProgram(() => {
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) process.on(signal, () => undefined);
    setInterval(() => undefined, 1000);
    process.send?.("ready");
  }),
);
await node.receive();
console.log(JSON.stringify([shell.pid, Number(grandchild), node.pid]));
if (ending === "exits") process.exit(0);
if (ending === "throws") throw new Error("on purpose");
