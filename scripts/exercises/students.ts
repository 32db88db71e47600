/** Whose a handed-in file is: read from its path, and looked up in a class list. */
import path from "node:path";
import { parseTable } from "./table.js";

/** Whom a class list, or a path, names. */
export interface Student {
  /** As the class list has it; else from the path. */
  readonly student: string;
  /** The full name, if it is known. */
  readonly name: string;
}

/**
 * The students of files, each in a way of its own.
 *
 * A folder of Moodle's download names its student (`Ana, Maria_12345_assignsubmission_file_`), so does nbgrader's
 * (`submitted/<student>/<assignment>/…`), so does any folder or file that is called as somebody in the class list. Of other
 * files it is the file's name, with as many of its folders as tell it from the others.
 *
 * @param files paths from where the grader stands: what is above may be called as anybody
 * @param list a class list, if there is one
 * @param notebooks names that are no student's
 */
export function studentsOf(
  files: readonly string[],
  list: ClassList = new ClassList([]),
  notebooks: readonly string[] = [],
): Student[] {
  const named = files.map((file) => namedIn(file, list));
  const others = files.filter((_, at) => named[at] === undefined);
  return files.map((file, at) => named[at] ?? { student: ownName(file, others, notebooks), name: "" });
}

function namedIn(file: string, list: ClassList): Student | undefined {
  const stems = partsOf(file).reverse();
  for (const part of partsOf(path.resolve(file)).reverse()) {
    const [, name, id = ""] = /^(.+?)_(\d+)_assignsubmission_/.exec(part) ?? [];
    if (name !== undefined) return list.find(id) ?? list.find(name) ?? { student: name, name };
  }
  for (const part of stems) {
    const found = list.find(part);
    if (found) return found;
  }
  const parts = partsOf(path.resolve(file));
  const at = parts.lastIndexOf("submitted");
  const student = at !== -1 && at < parts.length - 2 ? parts[at + 1] : undefined;
  return student === undefined ? undefined : { student, name: "" };
}

const partsOf = (file: string): string[] => file.replace(/\.ipynb$/, "").split(path.sep);

/** The file's name, and of its folders as many as tell it from all others. */
function ownName(file: string, all: readonly string[], notebooks: readonly string[]): string {
  const parts = partsOf(file);
  const others = all.filter((other) => other !== file).map(partsOf);
  for (let count = 1; count < parts.length; count++) {
    const name = parts.slice(-count).join("/");
    const isAnothers = others.some((other) => other.slice(-count).join("/") === name);
    if (!isAnothers && !notebooks.includes(name)) return name;
  }
  return parts.join("/");
}

const headings = {
  student:
    /^(student|students?.?id|id|id.?number|username|user|login|matr[ií]cula|n[uú]mero.*|usu[aá]rio|utilizador)$/i,
  whole: /^(name|full.?name|nome|nome.?completo)$/i,
  first: /^(first.?name|given.?name|primeiro.?nome|nome.?pr[oó]prio)$/i,
  last: /^(last.?name|surname|family.?name|sobrenome|apelido(s|\(s\))?|[uú]ltimo.?nome)$/i,
};

/** A class list: who is in the class, and every way in which a folder or a file may call them. */
export class ClassList {
  readonly students: readonly Student[];
  readonly #byWord = new Map<string, Student | "several">();

  /** @param rows with a heading; see {@link ClassList.read} for the columns. */
  constructor(rows: readonly (readonly string[])[]) {
    const [heading = [], ...people] = rows;
    const column = (wanted: RegExp) => heading.findIndex((title) => wanted.test(title.trim()));
    const [id, whole, first, last] = [headings.student, headings.whole, headings.first, headings.last].map(column);
    this.students = people.map((row) => {
      const at = (index: number | undefined) => (index === undefined || index < 0 ? "" : (row[index] ?? "").trim());
      const given = at(first) || (at(last) ? at(whole) : "");
      const name = given && at(last) ? `${given} ${at(last)}` : at(whole) || given;
      const mail = row.find((field) => /^[^@\s]+@[^@\s]+$/.test(field.trim()))?.trim() ?? "";
      const student = { student: at(id) || mail || name || (row[0] ?? "").trim(), name };
      const turned = given && at(last) ? [`${at(last)}, ${given}`, `${at(last)} ${given}`] : [];
      for (const word of new Set([...row, name, ...turned, mail.replace(/@.*/, "")].map(plain)))
        this.#add(word, student);
      return student;
    });
  }

  /**
   * Reads a class list: a table in CSV, as spreadsheets, Moodle and nbgrader write it, with commas, semicolons or tabs. Its
   * first line names the columns: `student` (or `id`, `username`, …; else it is the mail address, the name, or the first column), `name`, or `first name` and
   * `last name`, in English or Portuguese.
   *
   * @throws if there is nobody in it, or two have one id
   */
  static read(text: string): ClassList {
    const list = new ClassList(parseTable(text));
    if (list.students.length === 0) throw new Error("the class list holds nobody: its first line names the columns");
    const ids = list.students.map(({ student }) => student);
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (twice !== undefined) throw new Error(`the class list has ${twice} twice`);
    return list;
  }

  #add(word: string, student: Student): void {
    if (word !== "") this.#byWord.set(word, this.#byWord.has(word) ? "several" : student);
  }

  /** Who is called so, if it is one. */
  find(word: string): Student | undefined {
    const found = this.#byWord.get(plain(word));
    return found === "several" ? undefined : found;
  }
}

/** Without accents, capitals and what file systems put in place of spaces. */
const plain = (word: string): string =>
  word
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[\s_,.]+/g, " ")
    .trim();
