import {
  type CallHandler,
  dispatch,
  type Procedure,
  type RemoteCall,
  type RemoteInterface,
  type RemoteReply,
} from "../stubs/index.js";

/**
 * The methods of an object whose whole state is a value: each takes the state and its arguments, and gives the next state and its
 * result. So the state can be written, sent, and compared.
 */
export type StatefulMethods<I extends RemoteInterface, S> = {
  readonly [K in keyof I["methods"]]: I["methods"][K] extends Procedure<infer A, infer R>
    ? (state: S, ...args: A extends readonly unknown[] ? [...A] : never) => readonly [state: S, result: R]
    : never;
};

/** An object whose whole state is a value. */
export interface StatefulObject<I extends RemoteInterface, S> {
  /** What clients see of it. */
  readonly of: I;
  /** Its state before the first call: plain data. */
  readonly initial: S;
  /** What calls do to it. */
  readonly methods: StatefulMethods<I, S>;
}

/** Executes one call on a state. A call that is refused, or whose method throws, leaves the state as it was. */
export async function executed<S>(
  { of, methods }: StatefulObject<RemoteInterface, S>,
  state: S,
  call: RemoteCall,
): Promise<{ readonly state: S; readonly reply: RemoteReply }> {
  let next = state;
  const object = Object.fromEntries(
    Object.entries(methods as Record<string, (state: S, ...args: unknown[]) => readonly [S, unknown]>).map(
      ([name, method]) => [
        name,
        (...args: unknown[]) => {
          const [changed, result] = method(state, ...args);
          next = changed;
          return result;
        },
      ],
    ),
  );
  const handle: CallHandler = dispatch(of, object as never);
  const reply = await handle(call);
  return { state: reply.how === "returned" ? next : state, reply };
}
