import { checkNonNegative, checkPositive, checkWhole, refuse } from "../../errors.js";

/** What a migration's bytes go over, and what it costs beside them. */
export interface Link {
  /** The rate of the link itself. Policies may send more slowly. */
  readonly linkBytesPerS: number;
  /** 4,096 unless told. */
  readonly pageBytes?: number;
  /** What goes before each page: 8 bytes unless told, as QEMU's. */
  readonly pageHeaderBytes?: number;
  /** What is sent for a page of zeros: 9 bytes unless told, as QEMU's. */
  readonly zeroPageBytes?: number;
  /** What passes before the first page, while the machine runs and its writes are not logged yet. 0 unless told. */
  readonly setupMs?: number;
  /** From the last byte to the machine's first instruction on the other side. 0 unless told. */
  readonly resumeMs?: number;
  /** From asking for a page of the other side until its first byte, on an idle link. 0 unless told. */
  readonly roundTripMs?: number;
  /** A migration that still copies or fetches after so long is given up, `setupMs` counted; not one that has stopped the machine to copy the rest. Infinity unless told. */
  readonly giveUpMs?: number;
}

/** A link with nothing left out. @internal */
export type WholeLink = Readonly<Required<Link>>;

/** Fills in what was left out. @throws {@link ParameterError} in the name of `where`. @internal */
export function checkLink(where: string, link: Link): WholeLink {
  if (typeof link !== "object" || link === null) refuse(where, "link", "an object", link);
  const { pageBytes = 4096, pageHeaderBytes = 8, zeroPageBytes = 9 } = link;
  const { setupMs = 0, resumeMs = 0, roundTripMs = 0, giveUpMs = Infinity } = link;
  return {
    linkBytesPerS: checkPositive(where, "linkBytesPerS", link.linkBytesPerS),
    pageBytes: checkWhole(where, "pageBytes", pageBytes, 1),
    pageHeaderBytes: checkWhole(where, "pageHeaderBytes", pageHeaderBytes),
    zeroPageBytes: checkWhole(where, "zeroPageBytes", zeroPageBytes),
    setupMs: checkNonNegative(where, "setupMs", setupMs),
    resumeMs: checkNonNegative(where, "resumeMs", resumeMs),
    roundTripMs: checkNonNegative(where, "roundTripMs", roundTripMs),
    giveUpMs: giveUpMs === Infinity ? giveUpMs : checkPositive(where, "giveUpMs", giveUpMs),
  };
}
