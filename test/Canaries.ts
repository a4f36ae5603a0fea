import { hash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

type Form = readonly [form: string, bytes: Buffer]

/** In hexadecimal, and in base64 wherever they begin. */
const encoded = (plain: Buffer): ReadonlyArray<Form> => {
  const hex = plain.toString("hex")
  const base64 = (["base64", "base64url"] as const).flatMap((encoding) =>
    [0, 1, 2].map((shift): Form => {
      const whole = Buffer.concat([Buffer.alloc(shift), plain])
      // only the characters that follow from the bytes alone, not from what stands beside them
      const begin = Math.ceil((shift * 8) / 6)
      const end = Math.floor((whole.length * 8) / 6)
      return [encoding, Buffer.from(whole.toString(encoding).slice(begin, end))]
    })
  )
  return [["hex", Buffer.from(hex)], ["hex", Buffer.from(hex.toUpperCase())], ...base64]
}

export const digests = ["md5", "sha1", "sha256", "sha512"] as const

const digestsOf = (word: string): ReadonlyArray<Form> =>
  digests.flatMap((digest) => {
    const plain = hash(digest, word, "buffer")
    return [
      [digest, plain] as const,
      ...encoded(plain).map(([encoding, bytes]): Form => [`${digest} in ${encoding}`, bytes])
    ]
  })

/** Every way in which a word may stand in bytes: as text, wide, encoded, and as a hash that anybody can make of it. */
const formsOf = (word: string): ReadonlyArray<Form> => {
  const plain = Buffer.from(word, "utf8")
  const wide = Buffer.from(word, "utf16le")
  return [
    ["text", plain],
    ["utf-16le", wide],
    ["utf-16be", Buffer.from(wide).swap16()],
    ...encoded(plain),
    ...digestsOf(word)
  ]
}

/** Finds words that must not be seen, by name, in whatever it is given. */
export const scanner = (words: Readonly<Record<string, string>>) => {
  const wanted = Object.entries(words).flatMap(([name, word]) =>
    formsOf(word).map(([form, bytes]) => ({ finding: `${name} as ${form}`, bytes }))
  )
  const inBytes = (place: string, bytes: Buffer): ReadonlyArray<string> => [
    ...new Set(wanted.filter((one) => bytes.includes(one.bytes)).map(({ finding }) => `${finding} in ${place}`))
  ]
  return {
    inBytes,
    inText: (place: string, text: string) => inBytes(place, Buffer.from(text, "utf8")),
    /** In every file below a folder, names included, as the bytes stand there now. */
    inFolder: (folder: string) => {
      const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
      return {
        files,
        findings: files.flatMap((file) => [
          ...inBytes("a file's name", Buffer.from(file)),
          ...(statSync(join(folder, file)).isFile() ? inBytes(file, readFileSync(join(folder, file))) : [])
        ])
      }
    }
  }
}
