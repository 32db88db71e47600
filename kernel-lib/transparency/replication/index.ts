/**
 * Replication transparency: the stub asks several replicas and hands on one answer; second requests and what bounds them; a model of servers
 * with queues, and the tail at scale.
 *
 * @module
 */
export { askSeveral, type Choice, firstReply, majorityOf, newestReply, type SeveralOptions } from "./ask-several.js";
export { HedgeBudget, type HedgeOptions, hedged } from "./hedged.js";
export {
  type ReplicaModelOptions,
  type ReplicaModelResult,
  type ReplicaPolicy,
  replicaModel,
} from "./replica-model.js";
export { type TailLaw, type TailOptions, tailAtScale, tailLaw } from "./tail-law.js";
