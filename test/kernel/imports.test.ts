import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, kernelOf, resultOf } from "./support.js";

const importing = suite("import() in a cell");
const kernel = kernelOf(importing);

importing("takes a package that exports for import alone and awaits at its top level", async () => {
  const asc = await kernel().execute('const asc = await import("assemblyscript/asc");\ntypeof asc.main');
  assert.equal(errorsOf(asc), []);
  assert.is(resultOf(asc), "'function'");
});

importing("takes it inside a function, too", async () => {
  const cell = 'const load = async () => typeof (await import("assemblyscript/asc")).main;\nawait load()';
  assert.is(resultOf(await kernel().execute(cell)), "'function'");
});

importing("keeps the named exports of a CommonJS package", async () => {
  const cell = 'const { groupBy } = await import("lodash");\ngroupBy([1, 2, 3], (n) => n % 2)[1].join()';
  assert.is(resultOf(await kernel().execute(cell)), "'1,3'");
});

importing("says which package is not there", async () => {
  const cell = '// @ts-ignore\nawait import("no-such-package")';
  const [error] = errorsOf(await kernel().execute(cell));
  assert.match(error?.evalue ?? "", /Cannot find module 'no-such-package'/);
});

importing.run();
