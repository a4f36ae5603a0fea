import { getCountries, getCountryCallingCode } from "libphonenumber-js/min"

const known: ReadonlySet<string> = new Set(getCountries().map((country) => getCountryCallingCode(country)))

/** A calling code that a country has; `undefined` for anything else. */
export const callingCodeOf = (text: string): string | undefined => (known.has(text) ? text : undefined)
