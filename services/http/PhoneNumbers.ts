import { Result, Schema } from "effect"
import parse from "libphonenumber-js/min"
import parseMobile from "libphonenumber-js/mobile"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { afterLongerExit, fitsPlan, isFormerNumber } from "./NumberingPlans.ts"
import { phoneSigns } from "./PhoneSigns.ts"

export interface PhoneReading {
  readonly number: PhoneNumber
  /** What was not written and is understood to stand before the digits: `+49`, or `+` alone. */
  readonly assumed?: string
}

/** The number, or how to write it instead. */
export type ReadPhoneNumber = (written: string) => Result.Result<PhoneReading, string>

/**
 * A phone number as people write it, as E.164: international (`+…` or `00…`), or national in the country of
 * `callingCode`. The tables of numbers in use lag behind the world, and WhatsApp itself knows who is there: so an
 * international number need only be possible. A national one, where the country is guessed, must be valid, and must not
 * be a full number of another country as well: what can be read as two numbers is refused.
 */
export const phoneNumbers = (callingCode: string | undefined): ReadPhoneNumber => {
  const national = callingCode === undefined ? () => Result.fail(hints.noCountry) : nationalNumbers(callingCode)
  return (written) => {
    if (isPlain(written)) return Result.succeed({ number: written }) // what `international` says of it
    const signs = phoneSigns(written)
    if (signs === undefined) return Result.fail(whatsAppAddress.test(written) ? hints.address : hints.signs)
    if (signs.startsWith("+")) return international(signs)
    if (!signs.startsWith("00")) return national(signs)
    const abroad = callingCode === undefined ? undefined : afterLongerExit(callingCode, signs)
    if (abroad !== undefined && isMobile(abroad)) return Result.fail(hints.exit)
    return international(`+${signs.slice(2)}`)
  }
}

const isPhoneNumber = Schema.is(PhoneNumber)
const isPlain = (written: string): written is PhoneNumber => fitsPlan(written)
const isMobile = (digits: string): boolean => parseMobile(`+${digits}`, { extract: false })?.isValid() === true

const whatsAppAddress = /@(?:c\.us|s\.whatsapp\.net)\s*$/i

const hints = {
  signs: "A number is written in digits, with nothing but spaces, brackets, dots, dashes and slashes between them.",
  address:
    "Not an address of WhatsApp's: write + and the digits before the @. Digits without + are read as PHONE_COUNTRY_CODE says.",
  noCountry:
    "Write + and the country code before the number. Digits without + are read only if PHONE_COUNTRY_CODE is set.",
  international: "After + there are a country code and a number, 7 to 15 digits together.",
  exit: "It begins with 00, and with a longer prefix for calls abroad: write + instead."
}

/** As it is written, unless only a prefix of calls from within the country makes it too long, as in `+44 (0)20 …`. */
const international = (written: string): Result.Result<PhoneReading, string> => {
  if (isPlain(written)) return Result.succeed({ number: written })
  const found = parse(written, { extract: false })
  if (found !== undefined) {
    if (found.isPossible() && isPhoneNumber(found.number)) return Result.succeed({ number: found.number })
    if (isPhoneNumber(written)) return Result.succeed({ number: written }) // a plan may have grown, or have been shorter
  }
  return Result.fail(hints.international)
}

const nationalNumbers = (callingCode: string): ReadPhoneNumber => {
  const unknown = Result.fail(
    `There is no such number within +${callingCode}, which PHONE_COUNTRY_CODE names: write + and the country code before the number.`
  )
  const ambiguous = Result.fail(
    `These digits can be read as two numbers, within +${callingCode}, which PHONE_COUNTRY_CODE names, and with + before them: ` +
      "write + and the country code, or the 0 with which the number begins within its country."
  )
  return (digits) => {
    const within = validNumber(`+${callingCode}${digits}`)
    if (digits.startsWith("0")) return within === undefined ? unknown : lacking(`+${callingCode}`, within.number) // as no code does
    const whole = validNumber(`+${digits}`)
    if (within === undefined || within.number === whole?.number) {
      return whole !== undefined && digits.startsWith(callingCode) ? lacking("+", whole.number) : unknown
    }
    // where people write no 0, half of all numbers begin like landlines elsewhere; a mobile counts even there
    const isAnother = whole !== undefined && (isMobile(digits) || !isUsual(within.found, digits))
    return isAnother || isFormerNumber(digits) ? ambiguous : lacking(`+${callingCode}`, within.number)
  }
}

const lacking = (assumed: string, number: PhoneNumber) => Result.succeed({ number, assumed })

const validNumber = (written: string) => {
  const found = parse(written, { extract: false })
  if (found === undefined || !found.isValid()) return undefined
  const number: string = found.number
  return isPhoneNumber(number) ? { found, number } : undefined
}

/** Whether people there write the number in just these digits. */
const isUsual = (number: { readonly formatNational: () => string }, digits: string): boolean =>
  number.formatNational().replace(/\D/g, "") === digits
