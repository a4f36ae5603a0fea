import { createHmac } from "node:crypto"
import type { Dice } from "../crash/Dice.ts"

/** One thing in many bytes: how Meta writes it, how others would, and the signature over exactly that. */

const isRaw = (value: unknown) => (JSON as typeof JSON & { isRawJSON: (value: unknown) => boolean }).isRawJSON(value)

/** The same, with its members in another order. */
const reordered = (value: unknown, dice: Dice): unknown => {
  if (Array.isArray(value)) return value.map((one) => reordered(one, dice))
  if (typeof value !== "object" || value === null || isRaw(value)) return value
  return Object.fromEntries(dice.shuffled(Object.entries(value)).map(([name, one]) => [name, reordered(one, dice)]))
}

/** Nothing but ASCII, as Meta does. */
const escaped = (json: string) =>
  json
    .replaceAll("/", "\\/")
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** Meta sends 3 MB at most. */
export const longest = 3 * 1_048_576

/** What would be too long escaped or indented is written plainly. */
export const spelled = (payload: object, dice: Dice): Buffer => {
  const said = dice.below(3) === 0 ? reordered(payload, dice) : payload
  const how = dice.below(6)
  const plain = JSON.stringify(said)
  const text = how < 3 ? escaped(plain) : how < 5 ? plain : `${JSON.stringify(said, undefined, 2)}\n`
  return Buffer.from(Buffer.byteLength(text) > longest ? plain : text)
}

export const signatureOf = (bytes: Buffer, secret: string) =>
  `sha256=${createHmac("sha256", secret).update(bytes).digest("hex")}`
