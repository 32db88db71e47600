import { checkText } from "../../../errors.js";
import { withXLab, type XStart } from "./starts.js";

/** See {@link measureXStarts}. */
export interface XStartsOptions {
  /** The round trip times that the tap puts in, after the start without delay. */
  readonly roundTripsMs: readonly number[];
}

/** One start of a program. */
export interface XStartRow {
  /** The program. */
  readonly program: string;
  /** The time of a round trip through the tap, as measured just before. */
  readonly roundTripMs: number;
  /** Round trips that were over before the first drawing could be sent. */
  readonly roundTrips: number;
  /** Requests that it sent. */
  readonly requests: number;
  /** Replies that it got. */
  readonly replies: number;
  /** Bytes that it sent. */
  readonly bytesOut: number;
  /** Bytes that it got. */
  readonly bytesIn: number;
  /** The law's time to the first drawing, from the recorded start alone. */
  readonly predictedMs: number;
  /** The time from its first byte to its first drawing. */
  readonly measuredMs: number;
}

/**
 * Starts a program on Xvfb, first without delay and then at some distances, and says beforehand, from one recorded start alone (the quickest of three), when it
 * will draw: what that start took, and its number of round trips times what each takes longer.
 *
 * @returns one row a start, the one without delay first.
 * @throws {@link ToolMissing} if Xvfb or the program is not here.
 */
export async function measureXStarts(program: string, { roundTripsMs }: XStartsOptions): Promise<XStartRow[]> {
  checkText("measureXStarts", "program", program);
  return withXLab(async (lab) => {
    const noDelayMs = await lab.roundTripMs();
    // Whatever else the machine does can only add to a start: of three the quickest says most.
    let recorded = await lab.start([program]);
    for (let i = 0; i < 2; i++) {
      const again = await lab.start([program]);
      if (again.firstDrawingMs < recorded.firstDrawingMs) recorded = again;
    }
    const row = (roundTripMs: number, { firstDrawingMs: measuredMs, roundTrips, count }: XStart): XStartRow => {
      const { requests, replies, bytesOut, bytesIn } = count;
      const predictedMs = recorded.firstDrawingMs + recorded.roundTrips * (roundTripMs - noDelayMs);
      return { program, roundTripMs, roundTrips, requests, replies, bytesOut, bytesIn, predictedMs, measuredMs };
    };
    const rows = [row(noDelayMs, recorded)];
    for (const roundTripMs of roundTripsMs) {
      const throughTapMs = await lab.roundTripMs({ roundTripMs, times: 5 });
      rows.push(row(throughTapMs, await lab.start([program], { roundTripMs })));
    }
    return rows;
  });
}
