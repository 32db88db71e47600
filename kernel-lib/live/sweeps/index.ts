/**
 * Models for sweeps on worker threads: a module's export, or a function of a cell whose text crosses.
 *
 * @module
 */
export { exportedModel, selfContainedModel } from "./sweep-models.js";
