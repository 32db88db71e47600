import { type TcpEnd, tcpPair } from "./tcp-pair.js";

/** What a receiver saw of an urgent byte, on a TCP connection of the operating system. */
export interface UrgentTrialRow {
  /** What was tried. */
  readonly trial: string;
  /** What was sent; what stands in brackets was sent with `MSG_OOB`. */
  readonly sent: string;
  /** What the first `receive` gave: it stops at the mark. */
  readonly firstRead: string;
  /** Whether the mark was reached after it. */
  readonly atMark: boolean;
  /** What the second `receive` gave; empty where nothing was left. */
  readonly secondRead: string;
  /** The urgent byte that was kept beside the stream, or `EINVAL` if none was there. */
  readonly beside: string;
}

interface Trial {
  readonly trial: string;
  readonly sent: readonly (readonly [text: string, options?: { readonly urgent: true }])[];
  readonly inline?: true;
  /** Reads the stream past the mark before it asks for the urgent byte. */
  readonly readsPast?: true;
}

const urgent = { urgent: true } as const;
const aroundMark = [["abc"], ["X", urgent], ["def"]] as const;
const trials: readonly Trial[] = [
  { trial: "three bytes sent as urgent", sent: [["abc", urgent]] },
  {
    trial: "sent as urgent twice",
    sent: [
      ["ab", urgent],
      ["cd", urgent],
    ],
  },
  { trial: "one urgent byte among others", sent: aroundMark },
  { trial: "read past the mark first", sent: aroundMark, readsPast: true },
  { trial: "with SO_OOBINLINE", sent: aroundMark, inline: true },
  { trial: "nothing urgent", sent: [["abc"], ["def"]] },
];

/**
 * Tries what the operating system makes of urgent bytes: which byte is urgent, where the mark lies, where a read stops, what
 * `SO_OOBINLINE` changes.
 *
 * @returns one row a trial, in a fixed order.
 * @throws Error where {@link whyNoUrgentData} says why it can't be.
 */
export async function urgentTrials(): Promise<UrgentTrialRow[]> {
  const rows: UrgentTrialRow[] = [];
  for (const trial of trials) rows.push(await tcpPair((sender, receiver) => tryOne(trial, sender, receiver)));
  return rows;
}

async function tryOne(trial: Trial, sender: TcpEnd, receiver: TcpEnd): Promise<UrgentTrialRow> {
  if (trial.inline) receiver.keepUrgentInline(true);
  for (const [text, options] of trial.sent) sender.send(text, options);
  sender.end();
  await receiver.peerEnded(); // so all of it is there
  const firstRead = textOf(await receiver.receive());
  const atMark = receiver.isAtMark();
  const secondFirst = trial.readsPast ? textOf(await receiver.receive()) : undefined;
  const byte = receiver.receiveUrgent();
  const secondRead = secondFirst ?? textOf(await receiver.receive());
  const sent = trial.sent.map(([text, options]) => (options?.urgent ? `[${text}]` : text)).join(" ");
  const beside = typeof byte === "number" ? String.fromCharCode(byte) : byte;
  return { trial: trial.trial, sent, firstRead, atMark, secondRead, beside };
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
