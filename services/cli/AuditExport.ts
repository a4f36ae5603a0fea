/** The lines of an export of the log: what it is of, each entry as it is stored, and the head that they come to. */

interface Entry {
  readonly entry: string | null
  readonly leaf: string | null
  readonly link: string | null
}

const lineOf = (value: object) => `${JSON.stringify(value)}\n`
const quoted = (hash: string | null) => (hash === null ? "null" : `"${hash}"`)

export const firstLine = (origin: string, size: number): string =>
  lineOf({ format: "homing-audit-export/1", origin, size })

/** The entry stands in it byte for byte: what hashes to the leaf is what is between the first colon and `,"leaf"`. */
export const entryLine = ({ entry, leaf, link }: Entry): string =>
  `{"entry":${entry},"leaf":${quoted(leaf)},"link":${quoted(link)}}\n`

export const lastLine = (note: string): string => lineOf({ head: note })
