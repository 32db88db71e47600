import { cLibrary } from "../../system/c-library.js";
import { SystemCallError } from "../../system/sockets-api.js";

/** Two ends of a connection without a name, as file descriptors; a child process may be given one. @internal */
export async function socketPair(): Promise<readonly [number, number]> {
  const { library, lastError } = await cLibrary();
  const call = library.func("int socketpair(int, int, int, _Out_ int *)");
  const [AF_UNIX, SOCK_STREAM] = [1, 1];
  const ends = [0, 0];
  if ((call(AF_UNIX, SOCK_STREAM, 0, ends) as number) < 0) throw new SystemCallError("socketpair", lastError());
  return [ends[0] as number, ends[1] as number];
}
