import { styleText } from "node:util"

/** What the commands print for people. Colours only where standard output is a terminal and NO_COLOR is not set. */

type Style = Parameters<typeof styleText>[0]

const paint = (style: Style, text: string) => styleText(style, text, { stream: process.stdout })

export const strong = (text: string) => paint("bold", text)
export const faint = (text: string) => paint("dim", text)
export const good = (text: string) => paint("green", text)
export const bad = (text: string) => paint("red", text)
export const open = (text: string) => paint("yellow", text)

export const say = (...lines: ReadonlyArray<string>) => {
  process.stdout.write(`${lines.join("\n")}\n`)
}

/** A line of JSON each, for programs. */
export const sayEach = ({ items }: { readonly items: ReadonlyArray<object> }) => {
  for (const item of items) say(JSON.stringify(item))
}

/** Beside what a command prints for programs. */
export const warn = (line: string) => {
  process.stderr.write(`${line}\n`)
}

/** A line of the log that is for people, with what belongs to it. */
export const sayNotice = (words: string, fields: Readonly<Record<string, unknown>>) => {
  const more = Object.entries(fields).map(([name, value]) => `${name} ${value}`)
  say(`  ${words}${more.length === 0 ? "" : faint(`  ${more.join(", ")}`)}`)
}

const colours: Record<string, (text: string) => string> = {
  queued: faint,
  attempting: open,
  unknown: open,
  expired: bad,
  failed: bad,
  sent: good,
  delivered: good,
  read: good,
  played: good
}

export const inStatusColour = (status: string, text = status) => (colours[status] ?? strong)(text)
