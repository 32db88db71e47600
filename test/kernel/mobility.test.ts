import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, eventually, interruptAt, isAlive, kernelOf, resultOf, textOf } from "./support.js";

const test = suite("kernel: Interrupt loses no program that is on its way");
const kernel = kernelOf(test);

const setUp = `
import { compileAssemblyScript, decodeModule, hopThroughPage, instantiate, launch, on, place, processShipment, programShipment, scenario, sendThrough, simulate, startProcessPlace } from "kernel-lib";
const code = decodeModule(await compileAssemblyScript(\`
@external("travel", "go") declare function go(to: i32): i32;
function work(n: i32): i32 { let s = 0; for (let i = 0; i < n; i++) s = (s + i) % 1000003; return s; }
export function long(n: i32): i32 { return work(n); }
export function tour(n: i32): i32 { let s = 0; while (n-- > 0) { s += work(1000); go(n % 2); } return s; }\`));
const started = (n: number) => {
  const machine = instantiate(code, { resources: { "travel.go": () => 0 } });
  machine.call("long", n);
  machine.run({ fuel: 1000 });
  return machine;
};
const undisturbed = JSON.stringify(started(1_000_000).run());
const touring = (n: number) => scenario({
  hosts: { a: {}, b: {} },
  network: { latencyMs: 1 },
  programs: {
    a: on("a", place({ instructionsPerMs: 1e5 })).daemon(),
    b: on("b", place({ instructionsPerMs: 1e5 })).daemon(),
    reports: on("a", (host) => launch(host, "a", { shipment: programShipment(code, "tour", n), itinerary: ["b", "a"] })),
  },
});
const machine = started(1_000_000);
const endless = started(2_000_000_000);
const running = started(2_000_000_000);
const offered = started(1_000_000);
let at: Awaited<ReturnType<typeof startProcessPlace>>;
const short = JSON.stringify((await simulate(touring(4))).results.reports);`;

test.before(async () => {
  assert.equal(errorsOf(await kernel().execute(setUp)), []);
});

test("in the middle of a journey between places; the next journey is the same as ever", async () => {
  const stopped = await interruptAt(kernel(), "go", 'console.log("go"); await simulate(touring(1_000_000));');
  assert.match(errorsOf(stopped)[0]?.ename ?? "", "Interrupt");
  const again = await kernel().execute("JSON.stringify((await simulate(touring(4))).results.reports) === short");
  assert.is(resultOf(again), "true");
});

test("in the middle of its run: it stands where it was stopped, and goes on", async () => {
  const stopped = await interruptAt(kernel(), "go", 'console.log("go"); running.run();');
  const [error, ...more] = errorsOf(stopped);
  assert.is(error?.ename, "Interrupted");
  assert.is(more.length, 0);
  const rest = await kernel().execute(
    "running.state + ' ' + (running.instructions > 1000) + ' ' + running.run({ fuel: 10 }).why",
  );
  assert.is(resultOf(rest), "'ready true out of fuel'", JSON.stringify(rest.outputs));
});

test("while it is in another process: it goes on here as it was, and no process is left", async () => {
  const cell = `
at = await startProcessPlace();
console.log(at.pid, "go");
await sendThrough(processShipment(endless), [{ at }]);`;
  const stopped = await interruptAt(kernel(), "go", cell);
  assert.match(errorsOf(stopped)[0]?.ename ?? "", "Interrupt");
  const pid = Number.parseInt(textOf(stopped), 10);
  assert.ok(pid > 0 && (await eventually(() => !isAlive(pid))), `process ${pid} lives`);
  const rest = await kernel().execute("JSON.stringify(machine.run()) === undisturbed && endless.run({ fuel: 10 }).why");
  assert.is(resultOf(rest), "'out of fuel'", JSON.stringify(rest.outputs));
  const late = await kernel().execute("await sendThrough(processShipment(started(10)), [{ at }])");
  assert.match(errorsOf(late)[0]?.evalue ?? "", `process ${pid} has ended`);
});

test("while it is offered to the page: it goes on here", async () => {
  const cell = `
console.log("go");
await hopThroughPage(offered, { takeMs: 100_000, resources: { "travel.go": () => 0 } });`;
  const stopped = await interruptAt(kernel(), "go", cell);
  assert.match(errorsOf(stopped)[0]?.ename ?? "", "Interrupt");
  const rest = await kernel().execute("JSON.stringify(offered.run()) === undisturbed");
  assert.is(resultOf(rest), "true", JSON.stringify(rest.outputs));
});

test.run();
