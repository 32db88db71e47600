// Typedoc takes its entry points for patterns and can't find one below a folder with brackets in its name, escaped or not.
// A question mark stands for any one letter, so it finds the folder.
const here = import.meta.dirname.replaceAll(/[\\*?[\]{}()]/g, "?");

export default {
  entryPoints: [`${here}/kernel-lib/index.ts`],
  tsconfig: "kernel-lib/tsconfig.json",
  out: "build/pages/api",
  name: "kernel-lib",
  readme: "none",
  plugin: ["./scripts/api-rooms.mjs"],
  categorizeByGroup: false,
  categoryOrder: [
    "The rooms",
    "all rooms",
    ...[
      "simulation",
      "theory",
      "world",
      "protocol",
      "interfaces",
      "transparency",
      "server",
      "cluster",
      "migration",
      "live",
      "workbook",
      "exercises",
    ],
  ],
  navigation: { includeCategories: true, includeGroups: false, includeFolders: false },
  excludeInternal: true,
  excludeExternals: true,
  excludePrivate: true,
  disableSources: true,
  hideGenerator: true,
  githubPages: false,
  treatWarningsAsErrors: true,
  // The tables from which the types of X's messages are inferred: their names say nothing to a reader of the types.
  intentionallyNotExported: ["Layouts", "Layout", "FieldsOfRequest"],
  validation: {
    notExported: true,
    invalidLink: true,
    rewrittenLink: true,
    notDocumented: true,
    unusedMergeModuleWith: true,
  },
};
