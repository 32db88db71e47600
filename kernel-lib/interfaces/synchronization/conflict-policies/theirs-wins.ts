import type { ConflictPolicy } from "../conflict-policy.js";

/** What the server has replaces what the device's user wrote. */
export const theirsWins: ConflictPolicy = { name: "theirs wins", resolve: (_base, _mine, theirs) => theirs };
