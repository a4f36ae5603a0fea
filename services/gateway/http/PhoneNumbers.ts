import { Schema } from "effect"
import parse, { getCountries, getCountryCallingCode, Metadata } from "libphonenumber-js/min"
import { PhoneNumber } from "#domain/message/Content.ts"

export type ReadPhoneNumber = (written: string) => PhoneNumber | undefined

/**
 * A phone number as people write it, as E.164: international (`+…` or `00…`), or national in the country of
 * `callingCode`. `undefined` when there can be no such number. An international one need only be possible: the tables
 * of numbers in use lag behind the world, and WhatsApp itself knows who is there. A national one, where the country is
 * guessed, must be valid.
 */
export const phoneNumbers = (callingCode: string | undefined): ReadPhoneNumber => {
  const national = callingCode === undefined ? {} : { defaultCallingCode: callingCode }
  const isPlain = plainNumbers()
  return (written) => {
    if (isPlain(written)) return written
    const text = written.trim().replace(/^00/, "+")
    const international = text.startsWith("+")
    const found = parse(text, { extract: false, ...(international ? {} : national) })
    if (found === undefined || found.ext !== undefined || !found.isPossible()) return undefined
    const known = international || found.isValid()
    return known && isPhoneNumber(found.number) ? found.number : undefined
  }
}

/** What is possible in its country may still be shorter or longer than the domain takes. */
const isPhoneNumber = Schema.is(PhoneNumber)
const e164 = /^\+[1-9]\d{6,14}$/

/**
 * Most callers write E.164 already, and parsing costs more than all else a request's fields are put through. These
 * numbers are known to be possible by their length alone; a leading 0 may be a prefix that parsing would drop.
 */
const plainNumbers = () => {
  const metadata = new Metadata()
  const lengths = new Map<string, Set<number>>()
  for (const country of getCountries()) {
    const code = getCountryCallingCode(country)
    metadata.selectNumberingPlan(country)
    const known = lengths.get(code) ?? new Set()
    for (const length of metadata.numberingPlan?.possibleLengths() ?? []) known.add(length)
    lengths.set(code, known)
  }
  const codeOf = (number: string) => [2, 3, 4].map((end) => number.slice(1, end)).find((code) => lengths.has(code))
  return (written: string): written is PhoneNumber => {
    if (!e164.test(written)) return false
    const code = codeOf(written)
    if (code === undefined) return false
    if (written[1 + code.length] === "0") return false
    return lengths.get(code)!.has(written.length - 1 - code.length)
  }
}
