/**
 * Models of clusters on the bare event list, without hosts and messages: millions of requests in seconds. Each takes options and a seed, and gives flat results.
 */
export { type DispatchModelOptions, type DispatchModelResult, dispatchModel } from "./dispatch-model.js";
export { type FanOutOptions, type FanOutResult, fanOutModel } from "./fan-out-model.js";
export {
  costs1998,
  costsOfFlash,
  type LardModelOptions,
  type LardModelResult,
  lardModel,
  type ServingCosts,
} from "./lard-model.js";
export { type RetryStormOptions, type RetryStormRow, retryStormModel } from "./retry-storm-model.js";
