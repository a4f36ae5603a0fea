import type { Told } from "../replay/Told.ts"
import { faint, strong } from "./Terminal.ts"

const shortest = (id: string) => (id.length > 12 ? `${id.slice(0, 8)}…` : id)

const short = (stream: string) => {
  const dash = stream.indexOf("-")
  return `${stream.slice(0, dash)} ${shortest(stream.slice(dash + 1))}`
}

/** What a line of a person's has room for: plain members, and no signed bytes. */
const brief = (data: Readonly<Record<string, unknown>>) =>
  Object.entries(data)
    .flatMap(([name, value]) => {
      if (name === "evidence" || value === undefined) return []
      if (typeof value !== "object" || value === null) return [`${name} ${String(value)}`]
      return [`${name} ${JSON.stringify(value)}`]
    })
    .join(", ")

/** An event for people. */
export const lineOf = ({ at, by, data, position, revision, stream, type }: Told) =>
  `${faint(position.padStart(8))}  ${at}  ${strong(type.padEnd(26))} ${short(stream)} ${faint(`#${revision}`)}  ` +
  `${faint(`by ${by.kind} ${shortest(by.id)}`)}  ${brief(data)}`

export const csvHeader = ["position", "id", "stream", "revision", "type", "at", "byKind", "byId", "data"]

/** The same as a row of a table. */
export const cellsOf = ({ at, by, data, id, position, revision, stream, type }: Told) => [
  position,
  id,
  stream,
  String(revision),
  type,
  at,
  by.kind,
  by.id,
  JSON.stringify(data)
]
