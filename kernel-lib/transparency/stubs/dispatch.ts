import { ParameterError } from "../../errors.js";
import { MalformedMessage } from "../../protocol/index.js";
import type { CallHandler, RemoteReply } from "./channel.js";
import { checkArgs, marshalResult, thrownReply, unmarshalArgs } from "./marshalling.js";
import { type Implementation, methodOf, type RemoteInterface } from "./remote-interface.js";

/**
 * The server's stub: unmarshals a call's arguments, calls the object's method of that number, and marshals its result. What the
 * method throws becomes a reply.
 *
 * @param of the interface that the object has.
 * @param object whose methods are called, with itself as `this`.
 */
export function dispatch<I extends RemoteInterface>(of: I, object: Implementation<I>): CallHandler {
  return async ({ program, version, procedure, args }) => {
    if (program !== of.program)
      return refused("PROG_UNAVAIL", `there is no program ${program} here, but ${of.program}`);
    if (version !== of.version)
      return {
        ...refused("PROG_MISMATCH", `program ${program} is here in version ${of.version}, not ${version}`),
        version: of.version,
      };
    // By custom, number 0 does nothing: a question whether somebody is there.
    if (procedure === 0) return { how: "returned" };
    const found = methodOf(of, procedure);
    if (!found) return refused("PROC_UNAVAIL", `program ${program} has no procedure ${procedure}`);
    const { name, method } = found;
    const inXdr = args instanceof Uint8Array;
    let values: readonly unknown[];
    try {
      values = inXdr ? unmarshalArgs(method, args) : args;
      if (!inXdr) checkArgs(name, method.args, values);
    } catch (error) {
      if (error instanceof MalformedMessage || error instanceof ParameterError)
        return refused("GARBAGE_ARGS", `the arguments of ${name} can't be read: ${error.message}`);
      throw error;
    }
    try {
      const run = (object as Record<string, (...args: readonly unknown[]) => unknown>)[name];
      if (typeof run !== "function") return refused("PROC_UNAVAIL", `the object has no method ${name}`);
      const result = await run.apply(object, [...values]);
      if (inXdr) return { how: "returned", result: marshalResult(name, method, result) };
      // Checked here too: a wrong result is the server's fault, and must not look like the client's.
      method.result.check(name, "its result", result);
      return result === undefined ? { how: "returned" } : { how: "returned", result };
    } catch (thrown) {
      return thrownReply(thrown);
    }
  };
}

type Refused = Extract<RemoteReply, { how: "refused" }>;

const refused = (status: Refused["status"], why: string): Refused => ({ how: "refused", status, why });
