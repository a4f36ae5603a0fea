import { declared } from "../Config.ts"
import type { Setting } from "../Setting.ts"

/** The settings as the documents tell them, printed from where they are declared. */

const width = 120

const wrapped = (text: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = "#"
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > width) {
      lines.push(line)
      line = "#"
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

const told = ({ expected, meaning }: Setting<unknown>) => `${meaning} Takes ${expected}.`

/** A file `.env` in which nothing is set yet. */
export const example = (): string =>
  [
    "# Copy to .env in the directory Homing is started in. The environment wins over this file.",
    "# Every setting has a default that works; `homing config` shows what is in force and where it comes from.",
    "# Printed by `homing config --example`, as the table in docs/operations.md by `homing config --markdown`.",
    ...declared.flatMap((one) => ["", ...wrapped(told(one)), `#${one.variable}=${one.fallback ?? ""}`])
  ].join("\n")

/** A table in Markdown, its columns as wide as what is in them. */
export const markdown = (): string => {
  const rows = declared.map((one) => [
    `\`${one.variable}\``,
    one.fallback === undefined ? "none" : `\`${one.fallback}\``,
    told(one)
  ])
  const head = ["variable", "default", ""]
  const widths = [...head.keys()].map((column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  const line = (cells: ReadonlyArray<string>) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`
  return [line(head), line(widths.map((one) => "-".repeat(one))), ...rows.map(line)].join("\n")
}
