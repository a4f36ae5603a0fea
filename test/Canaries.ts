import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

/** Every way in which a word may stand in bytes: as text, wide, in hexadecimal, and in base64 wherever it begins. */
const formsOf = (word: string): ReadonlyArray<readonly [form: string, bytes: Buffer]> => {
  const plain = Buffer.from(word, "utf8")
  const wide = Buffer.from(word, "utf16le")
  const hex = plain.toString("hex")
  const encoded = (["base64", "base64url"] as const).flatMap((encoding) =>
    [0, 1, 2].map((shift) => {
      const whole = Buffer.concat([Buffer.alloc(shift), plain])
      // only the characters that follow from the word alone, not from what stands beside it
      const begin = Math.ceil((shift * 8) / 6)
      const end = Math.floor((whole.length * 8) / 6)
      return [encoding, Buffer.from(whole.toString(encoding).slice(begin, end))] as const
    })
  )
  return [
    ["text", plain],
    ["utf-16le", wide],
    ["utf-16be", Buffer.from(wide).swap16()],
    ["hex", Buffer.from(hex)],
    ["hex", Buffer.from(hex.toUpperCase())],
    ...encoded
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
