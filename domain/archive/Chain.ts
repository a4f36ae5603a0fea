import { hex, utf8 } from "../Bytes.ts"
import type { Crypto } from "../ports/Crypto.ts"

/**
 * Each line ends with a digest of itself and of the link before it: nothing can be changed, left out or put in between
 * without every link behind it being another.
 */

type Algorithms = Pick<Crypto["Service"], "sha256">

/** Before the first line of all. */
export const beginning = "0".repeat(64)

const ending = /,"link":"([0-9a-f]{64})"\}$/

const linkOf = (crypto: Algorithms, previous: string, said: string) => hex(crypto.sha256(utf8(previous + said)))

/** What is said, as a line behind this link; without its line break. */
export const linked = (crypto: Algorithms, previous: string, members: object) => {
  const said = JSON.stringify(members)
  const link = linkOf(crypto, previous, said)
  return { line: `${said.slice(0, -1)},"link":"${link}"}`, link }
}

/** The link that a line shows, and whether it follows from the line and `previous`; `undefined` where it shows none. */
export const linkIn = (crypto: Algorithms, previous: string, line: string) => {
  const found = ending.exec(line)
  if (found === null) return undefined
  const link = found[1]!
  return { link, follows: linkOf(crypto, previous, `${line.slice(0, found.index)}}`) === link }
}
