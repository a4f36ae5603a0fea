import parse from "libphonenumber-js/min"
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
  return (written) => {
    const text = written.trim().replace(/^00/, "+")
    const international = text.startsWith("+")
    const found = parse(text, { extract: false, ...(international ? {} : national) })
    if (found === undefined || found.ext !== undefined || !found.isPossible()) return undefined
    return international || found.isValid() ? PhoneNumber.make(found.number) : undefined
  }
}
