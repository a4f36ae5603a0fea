import { Effect } from "effect"
import type { SigningKey } from "#domain/ports/Crypto.ts"
import { encodeUnsigned, type Header, signBatch, type Unsigned } from "#domain/wire/Envelope.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"

/** Everything somebody might put on a lane who is not whom the lane belongs to, or who is and means another lane. */

const stranger = crypto.signingKey(new Uint8Array(32).fill(0x5a)).key

/** What is made of a genuine header; each is signed with the genuine key, as if it had been used elsewhere. */
const misdirected: ReadonlyArray<(header: Header, n: number) => Partial<Header>> = [
  ({ epoch }) => ({ epoch: epoch.replace(/\d+$/, (epoch) => String(Number(epoch) + 1)) }),
  ({ epoch }) => ({ epoch: epoch.replace(/\d+$/, "0") }),
  () => ({ epoch: "another:1" }),
  (_, n) => ({ agent: `office-${n % 97}` }),
  ({ lane }) => ({ lane: `${lane}x` }),
  ({ lane }) => ({ lane: lane.includes("commands") ? "homing.reports.home" : "homing.commands.home" }),
  ({ direction }) => ({
    direction: direction.includes("command") ? direction.replace("command", "report") : "homing/command/1"
  }),
  ({ direction }) => ({ direction: direction.replace(/\d+$/, "9") }),
  () => ({ direction: "homing/batch/1" }),
  () => ({ tenant: "other" }),
  () => ({ commandId: "-" }),
  () => ({ attempt: "01x" }),
  () => ({ keyId: "0000000000000000" })
]

/** A few hundred of each kind at a time, all different. `n` numbers them over all calls. */
export const forgeries = Effect.fnUntraced(function* (
  key: SigningKey,
  genuine: (n: number) => Unsigned,
  first: number,
  size: number
) {
  const quarter = Math.floor(size / 4)
  const unsigned = Array.from({ length: quarter }, (_, i) => genuine(first + i))
  const encoded = unsigned.map(encodeUnsigned)
  const own = yield* signBatch(crypto, key, encoded)
  const theirs = yield* signBatch(crypto, stranger, encoded)
  const astray = yield* signBatch(
    crypto,
    key,
    unsigned.map(({ header, payload }, i) => {
      const n = first + i
      return encodeUnsigned({ header: { ...header, ...misdirected[n % misdirected.length]!(header, n) }, payload })
    })
  )
  const bent = own.map((bytes, i) => flipped(bytes, (first + i) * 2_654_435_761))
  // the proof and signature of one over the content of another
  const spliced = own.map((bytes, i) => {
    const content = encoded[(i + 1) % quarter]!
    const head = bytes.slice(0, bytes.length - encoded[i]!.length)
    new DataView(head.buffer).setUint32(1, content.length)
    return Uint8Array.of(...head, ...content)
  })
  return [...theirs, ...astray, ...bent, ...spliced]
})

const flipped = (bytes: Uint8Array, bit: number) => {
  const bent = bytes.slice()
  const at = bit % (bent.length * 8)
  bent[at >> 3]! ^= 1 << (at & 7)
  return bent
}

/** The same envelope with each of its bits turned once. */
export const everyBit = (bytes: Uint8Array) => Array.from({ length: bytes.length * 8 }, (_, bit) => flipped(bytes, bit))
