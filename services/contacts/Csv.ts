/** A table as RFC 4180 has it, safe to be opened by a spreadsheet. */

/** What a spreadsheet takes for the beginning of a formula; some of them read the wide forms as well. */
const formula = /^[=+\-@\t\r＝＋－＠]/
/** A number cannot be told to do anything. */
const number = /^\+\d+$/

/** What would be read as a formula gets an apostrophe before it, which spreadsheets take for "this is text". */
const cell = (value: string): string => {
  const text = formula.test(value) && !number.test(value) ? `'${value}` : value
  return `"${text.replaceAll('"', '""')}"`
}

export const line = (cells: ReadonlyArray<string>): string => `${cells.map(cell).join(",")}\r\n`

export const contentType = "text/csv; charset=utf-8; header=present"
