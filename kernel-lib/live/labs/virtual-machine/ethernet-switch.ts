import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** What hangs at a port of a switch. @internal */
export interface SwitchPort {
  /** Where QEMU sends frames to, and where it takes them: UDP ports of loopback, a frame in each datagram. */
  readonly switchPort: number;
  readonly machinePort: number;
}

/** A frame that was seen. @internal */
export interface SeenFrame {
  readonly atMs: number;
  /** The number of the port by which it came. */
  readonly port: number;
  readonly frame: Buffer;
}

const macOf = (frame: Buffer, at: number): string => frame.toString("hex", at, at + 6);
const broadcast = "ffffffffffff";

/**
 * An Ethernet switch for virtual machines: it learns which address was last seen at which port, sends frames for it there, and others
 * everywhere.
 *
 * @internal
 */
export class EthernetSwitch {
  readonly #sockets: Socket[] = [];
  readonly #machines: number[] = [];
  readonly #portOf = new Map<string, number>();
  readonly #onFrame: (seen: SeenFrame) => void;

  /** @param onFrame is told each frame that comes from a machine. */
  constructor(onFrame: (seen: SeenFrame) => void) {
    this.#onFrame = onFrame;
  }

  /** Opens a port for one machine. */
  async open(): Promise<SwitchPort> {
    const machinePort = await freeUdpPort();
    const socket = createSocket("udp4");
    const port = this.#sockets.push(socket) - 1;
    this.#machines.push(machinePort);
    socket.on("message", (frame) => this.#arrived(port, frame));
    // A machine that is gone refuses what is sent to it.
    socket.on("error", () => undefined);
    await once(socket.bind(0, "127.0.0.1"), "listening");
    return { switchPort: socket.address().port, machinePort };
  }

  /** Sends a frame of this process's own. */
  send(frame: Buffer): void {
    const port = this.#portOf.get(macOf(frame, 0));
    for (const [i, socket] of this.#sockets.entries())
      if (port === undefined || port === i) socket.send(frame, this.#machines[i] as number, "127.0.0.1");
  }

  #arrived(port: number, frame: Buffer): void {
    if (frame.length < 14) return;
    this.#portOf.set(macOf(frame, 6), port);
    this.#onFrame({ atMs: performance.now(), port, frame });
    const to = this.#portOf.get(macOf(frame, 0));
    for (const [i, socket] of this.#sockets.entries())
      if (i !== port && (macOf(frame, 0) === broadcast || to === i))
        socket.send(frame, this.#machines[i] as number, "127.0.0.1");
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await Promise.all(this.#sockets.map((socket) => once(socket, "close")));
  }
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await once(socket.bind(0, "127.0.0.1"), "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}
