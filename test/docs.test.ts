import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inRoot } from "../scripts/setup/paths.mjs";

const pages = ["README.md", ...readdirSync(inRoot("docs"), { recursive: true, encoding: "utf8" }).map(inDocs)].filter(
  (name) => name.endsWith(".md"),
);

function inDocs(name: string): string {
  return path.join("docs", name);
}

/** A heading as GitHub's anchors have it. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

/** What is wrong with the links of a page to files of the checkout and to headings. */
function brokenLinks(page: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [file = "", heading] = target.split("#");
      const full = file === "" ? inRoot(page) : path.join(inRoot(path.dirname(page)), file);
      if (!existsSync(full)) return true;
      if (heading === undefined) return false;
      const headings = [...readFileSync(full, "utf8").matchAll(/^#+ (.*)$/gm)].map((match) =>
        anchor(match[1] as string),
      );
      return !headings.includes(heading);
    })
    .map((target) => `${page}: ${target}`);
}

test("every link of the README and of docs/ leads to a file, and to a heading in it", () => {
  assert.ok(pages.length >= 10, `only ${pages.length} pages were read`);
  assert.equal(
    pages.flatMap((page) => brokenLinks(page, readFileSync(inRoot(page), "utf8"))),
    [],
  );
});

/** The files and folders that a page names in full and that are not there; `name` and `NN` stand for any. */
function missingFiles(page: string, text: string): string[] {
  const named = [...text.matchAll(/`((?:bench|datasets|docs|jupyter|kernel-lib|notebooks|scripts|test)\/[^`\s]+)`/g)];
  return named
    .map((match) => match[1] as string)
    .filter((file) => /^[\w./-]+$/.test(file) && !/NN|\bname\b/.test(file) && !existsSync(inRoot(file)))
    .map((file) => `${page}: ${file}`);
}

test("every file that the README and docs/ name in full is there", () => {
  assert.equal(
    pages.flatMap((page) => missingFiles(page, readFileSync(inRoot(page), "utf8"))),
    [],
  );
  assert.equal(missingFiles("a.md", "`kernel-lib/none.ts` `datasets/published/name.json` `test/`"), [
    "a.md: kernel-lib/none.ts",
  ]);
});

test("a link to a file that is not there is found, and one to a heading that is not there", () => {
  const text = "[a](docs/none.md) [b](#none) [c](README.md#start) [d](https://nodejs.org)";
  assert.equal(brokenLinks("README.md", text), ["README.md: docs/none.md", "README.md: #none"]);
});

test("the index of decisions names every page", () => {
  const index = readFileSync(inRoot("docs", "decisions", "README.md"), "utf8");
  const missing = readdirSync(inRoot("docs", "decisions"))
    .filter((name) => name !== "README.md")
    .filter((name) => !index.includes(`](${name})`));
  assert.equal(missing, []);
});

test.run();
