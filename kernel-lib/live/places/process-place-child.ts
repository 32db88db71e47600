/**
 * What a {@link ProcessPlace} runs: it takes a program in, runs it, sends it on, and tells what came of it.
 *
 * @internal
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { decodeModule, segmentsOf } from "../../migration/abstract-machine/index.js";
import { processShipment, type Shipment, unload } from "../../migration/mobility/shipment.js";
import { runVisitor, visitorResources } from "../../migration/mobility/visit.js";
import { ConnectionReset } from "../../world/errors.js";
import { readMessage, sendMessage } from "./place-messages.js";
import { epochMs, type LegAnswer, type LegOrder, type LegRow, travel } from "./process-place.js";

/** Listens on loopback until its parent ends. @internal */
export async function servePlace(token: string): Promise<void> {
  const server = createServer((socket) => void serve(socket, token));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const hasWebAssembly = "WebAssembly" in globalThis;
  process.send?.({ port: (server.address() as AddressInfo).port, hasWebAssembly });
  process.on("disconnect", () => process.exit());
}

async function serve(socket: Socket, token: string): Promise<void> {
  socket.on("error", () => undefined);
  const message = await readMessage(socket).catch(() => undefined); // a stranger's may be none of ours
  const order = message?.value as LegOrder | undefined;
  if (!message || order?.token !== token) return void socket.destroy();
  // Whoever sent the program and goes away wants it no more: nobody would hear what came of it.
  const sender = new AbortController();
  socket.once("close", () => sender.abort(new ConnectionReset("the sender is gone")));
  socket.resume();
  try {
    sendMessage(socket, await runLeg(order, message.bytes, sender.signal));
  } catch (error) {
    if (!sender.signal.aborted) sendMessage(socket, { refused: (error as Error).message } satisfies LegAnswer);
  }
  socket.end();
}

async function runLeg(order: LegOrder, bytes: number, sender: AbortSignal): Promise<LegAnswer> {
  const { shipment, sentMs, fuel, route } = order;
  const arrivedMs = epochMs();
  const printed: number[] = [];
  const said: string[] = [];
  const machine = unload(shipment, { resources: visitorResources(needsOf(shipment), printed, said) });
  const readyMs = epochMs();
  const betweenSlices = async (): Promise<void> => {
    await new Promise(setImmediate); // others are served, and the sender's end is seen
    sender.throwIfAborted();
  };
  const { stop, executed, runMs } = await runVisitor(machine, { fuel: fuel ?? undefined, betweenSlices });
  const leg: LegRow = {
    pid: process.pid,
    bytes,
    transferMs: arrivedMs - sentMs,
    unloadMs: readyMs - arrivedMs,
    executed,
    runMs,
    printed,
    said,
  };
  const next = processShipment(machine);
  const here = { legs: [leg], why: stop.why, results: stop.why === "finished" ? stop.results : [], shipment: next };
  if (stop.why !== "out of fuel" || route.length === 0) return here;
  try {
    const rest = await travel(next, route, sender);
    return "refused" in rest ? { ...here, broken: rest.refused } : { ...rest, legs: [leg, ...rest.legs] };
  } catch (error) {
    return { ...here, broken: (error as Error).message };
  }
}

function needsOf(shipment: Shipment) {
  if (shipment.moves === "process") return segmentsOf(shipment.image).resources.rows;
  return decodeModule(shipment.code).imports.map(({ name, kind }) => ({
    name,
    kind: kind === "function" ? kind : ("global" as const),
    binding: "type" as const,
    attachment: "unattached" as const,
    identifier: undefined,
  }));
}
