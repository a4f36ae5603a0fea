import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { examples } from "#domain/testing/meta/Examples.ts"
import type { Dice } from "../crash/Dice.ts"

export interface Body {
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string>>
}

const texts = examples.map(({ payload }) => JSON.stringify(payload))
const oddNumbers = ["1e400", "-0", "1e-400", "9007199254740993", "1".repeat(400), "0.1e1", "1E+2", "00", "-", "NaN"]
const oddNames = ["__proto__", "constructor", "toJSON", "rawJSON", "", "length", "hasOwnProperty", "id", "\\u0000"]
const oddTexts = [
  '"\\ud800"',
  '"\\udc00x"',
  '"\\u0000"',
  '"\u2028"',
  `"${"x".repeat(5_000)}"`,
  "null",
  "[]",
  "{}",
  "true"
]
const oddBytes = ["c328", "ff", "efbfbf", "f0288cbc", "eda080", "00", "efbbbf", "fffe", "c0af"].map((hex) =>
  Buffer.from(hex, "hex")
)
const named = '{"object":"whatsapp_business_account","entry":'

/** Bodies that no one should have sent: of what Meta documents, altered in one to three places, or made of nothing. */
export const bodies = (dice: Dice) => {
  const one = <A>(items: ReadonlyArray<A>): A => items[dice.below(items.length)]!
  const bytes = (most: number) => Buffer.from(Array.from({ length: dice.below(most) }, () => dice.below(256)))
  const value = (depth: number): string => {
    const kind = dice.below(depth > 0 ? 4 : 2)
    if (kind === 0) return one(oddNumbers)
    if (kind === 1) return one(oddTexts)
    const many = Array.from({ length: dice.below(4) }, () => value(depth - 1))
    return kind === 2 ? `[${many.join()}]` : `{${many.map((some) => `"${one(oddNames)}":${some}`).join()}}`
  }
  const nested = () => {
    const depth = one([60, 70, 1_000, 20_000])
    return one([
      `${"[".repeat(depth)}${"]".repeat(depth)}`,
      `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`,
      `${"[".repeat(depth)}` // without an end
    ])
  }
  const spliced = (text: string, insert: string, taken = 0) => {
    const at = dice.below(text.length + 1)
    return text.slice(0, at) + insert + text.slice(at + taken)
  }
  /** Where a number, a text or a name stands, something else. */
  const replaced = (text: string, what: RegExp, by: () => string) => {
    const found = [...text.matchAll(what)]
    if (found.length === 0) return text
    const { 0: old, index } = one(found)
    return text.slice(0, index) + by() + text.slice(index + old.length)
  }
  const changes: ReadonlyArray<(text: string) => string> = [
    (text) => replaced(text, /(?<=:)\d+(?:\.\d+)?/g, () => one(oddNumbers)),
    (text) => replaced(text, /(?<=:)"[^"]*"/g, () => one([value(2), nested()])),
    (text) => replaced(text, /"[^"]*"(?=:)/g, () => `"${one(oddNames)}"`),
    (text) => replaced(text, /\{(?=")/g, () => `{"${one(oddNames)}":${value(2)},`),
    (text) => replaced(text, /"(?:id|from|field|type|messages|value)":/g, () => '"id":'), // twice
    (text) => text.replace("{", `{"object":"page","entry":[],`),
    (text) => spliced(text, one(['"', "{", "]", ",", "\\", "\n", "/**/"])),
    (text) => spliced(text, "", 1 + dice.below(20)),
    (text) => text.slice(0, dice.below(text.length)),
    (text) => text.replace('"entry":[', `"entry":[${value(3)},`)
  ]
  const altered = () => {
    let text = one(texts)
    for (let left = dice.between(1, 4); left > 0; left--) text = one(changes)(text)
    return Buffer.from(text)
  }
  const broken = () => {
    const text = altered()
    const at = dice.below(text.length + 1)
    return Buffer.concat([text.subarray(0, at), one(oddBytes), text.subarray(at + dice.below(3))])
  }
  const plain: ReadonlyArray<() => Buffer> = [
    () => bytes(2_000),
    () => Buffer.from(value(5)),
    () => Buffer.from(`${named}${value(4)}}`),
    () => Buffer.from(`${named}${nested()}}`),
    altered,
    altered,
    altered,
    broken,
    () => Buffer.from(altered().toString("utf8"), "utf16le")
  ]
  const packings = [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync]
  ] as const

  return (): Body => {
    const made = one(plain)()
    if (dice.below(12) > 0) return { bytes: made, headers: {} }
    const [encoding, pack] = one(packings)
    return { bytes: pack(made), headers: { "content-encoding": encoding } }
  }
}
