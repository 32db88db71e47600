import { type ParadigmTask, ParameterError, paradigmTraffic, queriesWorthCode } from "kernel-lib";
import { test } from "uvu";
import * as assert from "uvu/assert";

/** Sends each message of the task and adds up its bytes: loops in place of the closed forms. */
function sent({ nodes, queriesPerNode, ...sizes }: Required<ParadigmTask>) {
  let [clientServer, remoteEvaluation, agent, carried] = [0, 0, 0, 0];
  for (let node = 0; node < nodes; node++) {
    for (let query = 0; query < queriesPerNode; query++) clientServer += sizes.requestBytes + sizes.replyBytes;
    remoteEvaluation += sizes.codeBytes + sizes.resultBytes;
    // The hop to this node, with what the nodes before it gave.
    agent += sizes.codeBytes + sizes.stateBytes + carried;
    carried += sizes.carriedBytes;
  }
  return {
    clientServerBytes: clientServer,
    remoteEvaluationBytes: remoteEvaluation,
    codeOnDemandBytes: sizes.codeBytes,
    mobileAgentBytes: agent + sizes.codeBytes + sizes.stateBytes + carried,
  };
}

test("each sum is that of its messages, sent one by one", () => {
  for (const nodes of [0, 1, 2, 17])
    for (const queriesPerNode of [0, 1, 30]) {
      const sizes = {
        requestBytes: 7,
        replyBytes: 14,
        codeBytes: 579,
        resultBytes: 6,
        stateBytes: 27,
        carriedBytes: 8,
      };
      const task = { nodes, queriesPerNode, ...sizes };
      assert.equal(paradigmTraffic(task), sent(task));
    }
});

test("code that sends every answer home, and an agent that carries every answer, pay for all of them", () => {
  const task = { nodes: 3, queriesPerNode: 10, requestBytes: 7, replyBytes: 14, codeBytes: 100 };
  const { remoteEvaluationBytes, mobileAgentBytes } = paradigmTraffic(task);
  assert.is(remoteEvaluationBytes, 3 * (100 + 140));
  assert.is(mobileAgentBytes, 4 * 100 + 140 * (1 + 2 + 3));
});

test("from 28 questions a node on, code of 579 bytes with a result of 6 beats questions of 7 and answers of 14", () => {
  const sizes = { requestBytes: 7, replyBytes: 14, codeBytes: 579, resultBytes: 6 };
  assert.ok(Math.abs(queriesWorthCode(sizes) - 585 / 21) < 1e-12);
  const at = (queriesPerNode: number) => paradigmTraffic({ nodes: 5, queriesPerNode, ...sizes });
  assert.ok(at(27).clientServerBytes < at(27).remoteEvaluationBytes);
  assert.ok(at(28).clientServerBytes > at(28).remoteEvaluationBytes);
});

test("sizes and numbers that can't be are refused by name", () => {
  const task = { nodes: 3, queriesPerNode: 10, requestBytes: 7, replyBytes: 14, codeBytes: 100 };
  for (const wrong of [
    { nodes: 1.5 },
    { queriesPerNode: -1 },
    { requestBytes: Number.NaN },
    { replyBytes: -1 },
    { codeBytes: Number.POSITIVE_INFINITY },
    { resultBytes: -1 },
    { stateBytes: Number.NaN },
    { carriedBytes: -3 },
  ])
    assert.throws(
      () => paradigmTraffic({ ...task, ...wrong }),
      (error: Error) =>
        error instanceof ParameterError &&
        error.message.startsWith(`paradigmTraffic: ${Object.keys(wrong)[0]} must be`),
    );
  assert.throws(
    () => queriesWorthCode({ requestBytes: 0, replyBytes: 0, codeBytes: 1, resultBytes: 1 }),
    (error: Error) => error.message === "queriesWorthCode: requestBytes + replyBytes must be above 0, got 0",
  );
});

test.run();
