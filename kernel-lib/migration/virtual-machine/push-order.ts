/** In which order pages are pushed to a machine that runs already: all of them, each once. @internal */
export interface PushOrder {
  /** The next page of those that are still missing. */
  next(isMissing: (page: number) => boolean): number;
  /** The machine has asked for a page. */
  asked(page: number): void;
}

/** See the option `push` of `postCopy`. @internal */
export const pushOrders = {
  none: undefined,
  ascending: (pages: number) => onwards(pages, false),
  "after the fault": (pages: number) => onwards(pages, true),
  "around the fault": bothWays,
} as const satisfies Readonly<Record<string, undefined | ((pages: number) => PushOrder)>>;

/** By address, from the first page or from the one that was asked for last; at the end, from the beginning. */
function onwards(pages: number, turns: boolean): PushOrder {
  let next = 0;
  return {
    next: (isMissing) => {
      while (!isMissing(next)) next = next + 1 === pages ? 0 : next + 1;
      return next;
    },
    asked: (page) => {
      if (turns) next = page;
    },
  };
}

/** Away from the page that was asked for last, by turns upwards and downwards. */
function bothWays(pages: number): PushOrder {
  let [below, above, isUpwards] = [-1, 0, true];
  return {
    next: (isMissing) => {
      while (above < pages && !isMissing(above)) above++;
      while (below >= 0 && !isMissing(below)) below--;
      const goesUp = above < pages && (isUpwards || below < 0);
      isUpwards = !goesUp;
      return goesUp ? above : below;
    },
    asked: (page) => {
      [below, above, isUpwards] = [page - 1, page + 1, true];
    },
  };
}
