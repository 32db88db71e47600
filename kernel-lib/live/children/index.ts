/**
 * Processes of the operating system that can't be lost: {@link startChild} puts each into a group of its own, which ends with its starter,
 * however that ends. Programs are executables, exports of modules or functions of a cell. Also: a network of its own for a process,
 * and what starting threads and processes costs here.
 *
 * @module
 */
export {
  type Child,
  type ChildEnd,
  ChildEnded,
  ChildNotStarted,
  type ChildOptions,
  type ChildStream,
  startChild,
  withChildren,
} from "./child.js";
export {
  type ChildProgram,
  type ExecutableProgram,
  type ExportedCode,
  executable,
  exportedProgram,
  type NodeProgram,
  type SourceCode,
  selfContainedProgram,
} from "./child-programs.js";
export { type OwnNetworkOptions, runInOwnNetwork, ToolMissing } from "./own-network.js";
export { measureStartCosts, type StartCostOptions, type StartCostRow } from "./start-costs.js";
