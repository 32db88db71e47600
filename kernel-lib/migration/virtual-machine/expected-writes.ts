import { expm1 } from "../../simulation/elementary-functions/index.js";
import type { WholeMemory, WholeWriter } from "./memory.js";

/**
 * D(t): how many distinct pages are written in a time, in the mean. A sweep of W pages writes min(rt, W) of them, one in random order
 * W(1 − e^(−rt/W)); a page that several writers share stays unwritten if none of them comes by. Bursts count by their mean rate.
 *
 * @internal
 */
export function expectedWrites({ writers, memoryPages }: WholeMemory): (ms: number) => number {
  const ends = writers.flatMap(({ firstPage, pages }) => [firstPage, firstPage + pages]);
  const borders = [...new Set([0, ...ends, memoryPages])].sort((a, b) => a - b);
  const stretches = borders.slice(1).map((end, i) => {
    const start = borders[i] as number;
    const over = writers.filter(({ firstPage, pages }) => firstPage <= start && firstPage + pages >= end);
    return { pages: end - start, over };
  });
  return (ms) =>
    stretches.reduce((sum, { pages, over }) => {
      const unwritten = over.reduce((share, writer) => share * unwrittenShare(writer, ms), 1);
      return sum + pages * (1 - unwritten);
    }, 0);
}

function unwrittenShare({ pagesPerS, pages, order, onMs, offMs }: WholeWriter, ms: number): number {
  // Also in a time without end.
  if (pagesPerS === 0) return 1;
  const meanPerMs = (pagesPerS / 1000) * (offMs === 0 ? 1 : onMs / (onMs + offMs));
  const rounds = (meanPerMs * ms) / pages;
  return order === "random" ? 1 + expm1(-rounds) : Math.max(0, 1 - rounds);
}
