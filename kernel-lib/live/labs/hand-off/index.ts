/**
 * A TCP connection that really changes its machine, beside the other ways through a front end.
 *
 * @module
 */
export {
  type FrontEndCostRow,
  type FrontEndCostsOptions,
  frontEndCosts,
  type HandOffLabOptions,
  type HandOffRow,
  handOffLab,
} from "./hand-off-lab.js";
