import { cLibrary } from "../../system/c-library.js";
import { SystemCallError } from "../../system/sockets-api.js";

/** A frame as it passed an interface. @internal */
export interface TappedFrame {
  /** The hardware address of who put it on the cable, and of whom it is for. */
  readonly from: string;
  readonly to: string;
  readonly sourcePort: number;
  /** With its header. */
  readonly bytes: number;
}

const AF_PACKET = 17;
const SOCK_RAW = 3;
const everyProtocol = 0x0300; // ETH_P_ALL in the byte order of the network
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const headerBytes = 14;

/**
 * Writes down the TCP frames that pass an interface, both ways, as `packet(7)` shows them to the superuser of a network.
 *
 * @internal
 */
export async function tapFrames(interfaceName: string): Promise<{ end(): Promise<TappedFrame[]> }> {
  const { library: libc, lastError } = await cLibrary();
  const socket = libc.func("int socket(int, int, int)");
  const bind = libc.func("int bind(int, const void *, unsigned int)");
  const option = libc.func("int setsockopt(int, int, int, const int *, unsigned int)");
  const receive = libc.func("long recv(int, _Out_ uint8_t *, size_t, int)");
  const close = libc.func("int close(int)");
  const indexOf = libc.func("unsigned int if_nametoindex(const char *)");
  const fd = socket(AF_PACKET, SOCK_RAW, 0) as number;
  if (fd < 0) throw new SystemCallError("socket(AF_PACKET)", lastError());
  option(fd, SOL_SOCKET, SO_RCVBUFFORCE, [1 << 24], 4);
  // struct sockaddr_ll: family, protocol, interface
  const where = new Uint8Array(20);
  const view = new DataView(where.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, everyProtocol, true);
  view.setInt32(4, indexOf(interfaceName) as number, true);
  if ((bind(fd, where, 20) as number) < 0) throw new SystemCallError("bind(AF_PACKET)", lastError());
  const frames: TappedFrame[] = [];
  const start = new Uint8Array(128);
  const drain = (): void => {
    for (;;) {
      const bytes = receive(fd, start, start.length, MSG_DONTWAIT | MSG_TRUNC) as number;
      if (bytes < 0) return;
      const tcp = headerBytes + 4 * ((start[headerBytes] ?? 0) & 15);
      const isTcp = start[12] === 8 && start[13] === 0 && start[headerBytes + 9] === 6;
      if (!isTcp) continue;
      const mac = (at: number): string =>
        [...start.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");

      frames.push({ to: mac(0), from: mac(6), sourcePort: ((start[tcp] ?? 0) << 8) | (start[tcp + 1] ?? 0), bytes });
    }
  };
  const timer = setInterval(drain, 2);
  return {
    end: async () => {
      clearInterval(timer);
      drain();
      close(fd);
      return frames;
    },
  };
}
