import { checkNonNegative, checkWhole, refuse } from "../errors.js";

/** One task: ask each of some nodes a number of questions, and bring the answers home. Sizes are what travels, headers included. */
export interface ParadigmTask {
  /** How many nodes hold data, N. */
  readonly nodes: number;
  /** How many questions each is asked, Q. */
  readonly queriesPerNode: number;
  /** One question, I. */
  readonly requestBytes: number;
  /** One answer, R. */
  readonly replyBytes: number;
  /** The code that asks, C. */
  readonly codeBytes: number;
  /** What code at a node sends home of its answers, r. All of them, Q·R, unless told. */
  readonly resultBytes?: number;
  /** What an agent carries besides its code and what it has found, S. 0 unless told. */
  readonly stateBytes?: number;
  /** What an agent carries on from each node. `resultBytes` unless told. */
  readonly carriedBytes?: number;
}

/** Bytes on the network, by paradigm. */
export interface ParadigmTraffic {
  /** Client–server: each question and each answer travels, N·Q·(I + R). */
  readonly clientServerBytes: number;
  /** Remote evaluation: the code goes to each node, what it found comes back, N·(C + r). */
  readonly remoteEvaluationBytes: number;
  /** Code on demand, where the data are the client's: the code comes once, C, and nothing else travels. */
  readonly codeOnDemandBytes: number;
  /** A mobile agent visits all nodes and comes home, (N + 1)·(C + S) + c·N·(N + 1)/2: what it found in the first node travels N times. */
  readonly mobileAgentBytes: number;
}

/**
 * What the four paradigms of code mobility put on the network for the same task. Code on demand that fetches its code and then asks remote
 * nodes pays {@link ParadigmTraffic.clientServerBytes} on top.
 *
 * @throws {@link ParameterError} if nodes or queriesPerNode is not whole, or a size not finite and at least 0.
 * @see Fuggetta, Picco and Vigna, "Understanding Code Mobility", IEEE TSE 24, 1998, for the paradigms; the sums are derived here.
 * @example
 * const task = { nodes: 3, queriesPerNode: 50, requestBytes: 7, replyBytes: 14, codeBytes: 579, resultBytes: 6 };
 * paradigmTraffic(task).clientServerBytes     // 3150
 * paradigmTraffic(task).remoteEvaluationBytes // 1755
 */
export function paradigmTraffic(task: ParadigmTask): ParadigmTraffic {
  const nodes = checkWhole("paradigmTraffic", "nodes", task?.nodes);
  const queries = checkWhole("paradigmTraffic", "queriesPerNode", task.queriesPerNode);
  const size = (field: keyof ParadigmTask, otherwise?: number) =>
    checkNonNegative("paradigmTraffic", field, task[field] === undefined ? otherwise : task[field]);
  const askedBytes = queries * (size("requestBytes") + size("replyBytes"));
  const codeBytes = size("codeBytes");
  const resultBytes = size("resultBytes", queries * task.replyBytes);
  const carriedBytes = size("carriedBytes", resultBytes);
  return {
    clientServerBytes: nodes * askedBytes,
    remoteEvaluationBytes: nodes * (codeBytes + resultBytes),
    codeOnDemandBytes: codeBytes,
    mobileAgentBytes: (nodes + 1) * (codeBytes + size("stateBytes", 0)) + (carriedBytes * nodes * (nodes + 1)) / 2,
  };
}

/**
 * From how many questions a node on the code is sent rather than the questions: the crossing of client–server and remote evaluation,
 * (C + r)/(I + R) with a result of fixed size; above it remote evaluation is cheaper.
 *
 * @throws {@link ParameterError} if a size is not finite and at least 0, or a question and its answer have no bytes.
 * @example
 * queriesWorthCode({ requestBytes: 7, replyBytes: 14, codeBytes: 579, resultBytes: 6 }) // 27.9
 */
export function queriesWorthCode(
  sizes: Pick<ParadigmTask, "requestBytes" | "replyBytes" | "codeBytes"> & { readonly resultBytes: number },
): number {
  const size = (field: "requestBytes" | "replyBytes" | "codeBytes" | "resultBytes") =>
    checkNonNegative("queriesWorthCode", field, sizes?.[field]);
  const exchangeBytes = size("requestBytes") + size("replyBytes");
  if (exchangeBytes === 0) refuse("queriesWorthCode", "requestBytes + replyBytes", "above 0", exchangeBytes);
  return (size("codeBytes") + size("resultBytes")) / exchangeBytes;
}
