import type { Dice } from "../crash/Dice.ts"
import type { Metadata, Person } from "./Update.ts"

/** Who writes to whom. */

export interface Line {
  readonly account: string
  readonly metadata: Metadata
}

const linesEach = 2
const accounts = ["102290129340398", "204580258680796", "306870388021194"]

export const lines: ReadonlyArray<Line> = accounts.flatMap((account, i) =>
  Array.from({ length: linesEach }, (_, j) => ({
    account,
    metadata: { display_phone_number: `1555078388${i}${j}`, phone_number_id: `10654035224292${i}${j}` }
  }))
)

const countries = [
  { code: "1", country: "US", name: "Ada O'Neil" },
  { code: "55", country: "BR", name: "João Conceição" },
  { code: "49", country: "DE", name: "Jürgen Groß" },
  { code: "60", country: "MY", name: "محمد 🌙" },
  { code: "86", country: "CN", name: "李雷/韓梅梅" },
  { code: "91", country: "IN", name: 'आशा "asha" \\ 👩‍👩‍👧' }
] as const

/** Known by their number, by an id that is theirs towards a business alone, or by both. */
export const people = (many: number, dice: Dice): ReadonlyArray<Person> =>
  Array.from({ length: many }, (_, n) => {
    const { code, country, name } = countries[dice.below(countries.length)]!
    const how = dice.below(10)
    const phone = how === 0 ? undefined : `${code}5${String(100_000_000 + n)}`
    const bsuid = how < 4 ? `${country}.${1_000_000_000_000 + n}` : undefined
    return {
      phone,
      bsuid,
      contact: {
        profile: { name: `${name} ${n}` },
        ...(phone !== undefined && { wa_id: phone }),
        ...(bsuid !== undefined && { user_id: bsuid })
      }
    }
  })
