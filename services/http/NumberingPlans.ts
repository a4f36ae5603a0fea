import { getCountries, getCountryCallingCode, Metadata } from "libphonenumber-js/min"

/** How many digits may follow each calling code, in any of the countries that share it. */
const lengths = new Map<string, Set<number>>()
/** What is dialled before a number abroad, as a pattern, in the countries of each calling code. */
const exits = new Map<string, RegExp>()

const metadata = new Metadata()
for (const country of getCountries()) {
  const code = getCountryCallingCode(country)
  metadata.selectNumberingPlan(country)
  const known = lengths.get(code) ?? new Set()
  for (const length of metadata.numberingPlan?.possibleLengths() ?? []) known.add(length)
  lengths.set(code, known)
  if (!exits.has(code)) exits.set(code, new RegExp(`^(?:${metadata.numberingPlan?.IDDPrefix()})`))
}

const e164 = /^\+[1-9]\d{6,14}$/
const codeOf = (number: string) => [2, 3, 4].map((end) => number.slice(1, end)).find((code) => lengths.has(code))

/**
 * Whether a plan has numbers of this length: then it is taken as it stands. A 0 behind the calling code may be the prefix
 * of a call from within the country, which the tables have to say.
 */
export const fitsPlan = (number: string): boolean => {
  if (!e164.test(number)) return false
  const code = codeOf(number)
  if (code === undefined) return false
  if (number[1 + code.length] === "0") return false
  return lengths.get(code)!.has(number.length - 1 - code.length)
}

/** What follows where `digits` begin as a call abroad does there, with 00 and more: `001` in Hong Kong, say. */
export const afterLongerExit = (callingCode: string, digits: string): string | undefined => {
  const exit = exits.get(callingCode)?.exec(digits)?.[0]
  return exit === undefined || exit.length <= "00".length ? undefined : digits.slice(exit.length)
}

/**
 * Full numbers as their owners had them before a plan grew or lost a digit, which the tables have forgotten and WhatsApp
 * has not: Mexico with the 1 for mobiles, eight digits in Ivory Coast and Benin, eleven in Vietnam.
 */
export const isFormerNumber = (digits: string): boolean => /^(?:521\d{10}|22[59]\d{8}|841\d{9})$/.test(digits)
