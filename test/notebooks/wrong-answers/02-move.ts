import type { exercises } from "kernel-lib";
import type { AnswersFrom } from "../wrong-answers.js";

type Steps = exercises.MoveSteps;

const answers: AnswersFrom = () => ({
  mistakes: {
    "does not move": async (steps: Steps) => {
      await steps.hold();
      await steps.sendState();
      await steps.release();
    },
    "does not let calls go on": async (steps: Steps) => {
      await steps.hold();
      if ((await steps.sendState()) && (await steps.setHome())) await steps.becomePointer();
    },
    "goes on without the target": async (steps: Steps) => {
      await steps.hold();
      await steps.sendState();
      if (await steps.setHome()) await steps.becomePointer();
      await steps.release();
    },
    "does not look at the home's answer": async (steps: Steps) => {
      await steps.hold();
      if (await steps.sendState()) {
        await steps.setHome();
        await steps.becomePointer();
      }
      await steps.release();
    },
    "executes while the state travels": async (steps: Steps) => {
      if ((await steps.sendState()) && (await steps.setHome())) await steps.becomePointer();
    },
    "sends no state": async (steps: Steps) => {
      await steps.hold();
      if (await steps.setHome()) await steps.becomePointer();
      await steps.release();
    },
    "does not wait for a step": async (steps: Steps) => {
      steps.hold();
      steps.sendState();
      steps.setHome();
      steps.becomePointer();
      steps.release();
    },
    "two holders": async (steps: Steps) => {
      await steps.hold();
      if (await steps.sendState()) await steps.setHome();
      await steps.release();
    },
    "a pointer too early": async (steps: Steps) => {
      await steps.hold();
      const isSent = await steps.sendState();
      if (!isSent) return steps.release();
      await steps.becomePointer();
      await steps.release();
      for (let i = 0; i < 20; i++) await steps.sendState();
      await steps.setHome();
    },
  },
  wrong: {
    "releases before it is a pointer": async (steps: Steps) => {
      await steps.hold();
      const isMoved = (await steps.sendState()) && (await steps.setHome());
      await steps.release();
      if (isMoved) await steps.becomePointer();
    },
    "releases only when it has moved": async (steps: Steps) => {
      await steps.hold();
      if (!(await steps.sendState())) return;
      if (!(await steps.setHome())) return;
      await steps.becomePointer();
      await steps.release();
    },
    nothing: async () => undefined,
    "as it stands: no hold, no look at answers": async (steps: Steps) => {
      await steps.sendState();
      await steps.setHome();
      await steps.becomePointer();
    },
    "a promise is always true": async (steps: Steps) => {
      await steps.hold();
      const sent: unknown = steps.sendState();
      if (sent && (await steps.setHome())) await steps.becomePointer();
      await steps.release();
    },
    "the home first": async (steps: Steps) => {
      await steps.hold();
      if ((await steps.setHome()) && (await steps.sendState())) await steps.becomePointer();
      await steps.release();
    },
    "only a pointer": async (steps: Steps) => {
      await steps.hold();
      await steps.becomePointer();
      await steps.release();
    },
  },
  right: {
    "in a try": async (steps: Steps) => {
      await steps.hold();
      try {
        if (!(await steps.sendState())) return;
        if (!(await steps.setHome())) return;
        await steps.becomePointer();
      } finally {
        await steps.release();
      }
    },
    "tries a first copy while calls go on, and a second one that counts": async (steps: Steps) => {
      if (!(await steps.sendState())) return;
      await steps.hold();
      const isMoved = (await steps.sendState()) && (await steps.setHome());
      if (isMoved) await steps.becomePointer();
      await steps.release();
    },
  },
});
export default answers;
