/** What an entry of a calendar holds, field by field: `{ title: "Dentist", time: "9:00" }`; null if there is none, or none any more. */
export type EntryValue = Readonly<Record<string, string>> | null;

/** Whether two values are the same, field by field. @internal */
export function sameValue(a: EntryValue, b: EntryValue): boolean {
  if (a === null || b === null) return a === b;
  const fields = Object.keys(a);
  return fields.length === Object.keys(b).length && fields.every((field) => a[field] === b[field]);
}
