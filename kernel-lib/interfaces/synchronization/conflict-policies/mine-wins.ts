import type { ConflictPolicy } from "../conflict-policy.js";

/** What the device's user wrote replaces what the server has. */
export const mineWins: ConflictPolicy = { name: "mine wins", resolve: (_base, mine) => mine };
