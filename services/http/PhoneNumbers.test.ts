import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { getCountries, getCountryCallingCode, getExampleNumber } from "libphonenumber-js/min"
import examples from "libphonenumber-js/mobile/examples"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { phoneNumbers, type ReadPhoneNumber } from "./PhoneNumbers.ts"

const numberIn = (read: ReadPhoneNumber) => (written: string) =>
  Result.getOrUndefined(Result.map(read(written), ({ number }) => number as string))
const assumedIn = (read: ReadPhoneNumber) => (written: string) =>
  Result.getOrUndefined(Result.map(read(written), ({ assumed }) => assumed))
const hintIn = (read: ReadPhoneNumber) => (written: string) =>
  Result.isFailure(read(written)) ? Result.getOrElse(Result.flip(read(written)), () => "") : undefined

const malaysian = numberIn(phoneNumbers("60"))
const international = numberIn(phoneNumbers(undefined))
const german = numberIn(phoneNumbers("49"))

const mobiles = getCountries().flatMap((country) => getExampleNumber(country, examples) ?? [])
const callingCodes = [...new Set(getCountries().map((country) => getCountryCallingCode(country) as string))]
const readers = callingCodes.map((code) => [code, numberIn(phoneNumbers(code))] as const)

/** Numbers that WhatsApp knows, or knew, and the tables of numbers in use do not. */
const untabled = {
  "Mexico, as WhatsApp writes it": "+5215512345678",
  "Brazil without the ninth digit": "+551187654321",
  "Argentina without the 9": "+541123456789",
  "Ivory Coast before 2021": "+22507123456",
  "Benin before 2024": "+22997123456",
  "Vietnam before 2018": "+841212345678",
  "a country whose plan grows by two digits": "+60123456789012",
  "a code of a network, not of a country": "+882161234567"
}

describe("phone numbers", () => {
  it("are read as people write them", () => {
    const expected = "+60123456789"
    for (const written of [
      "+60123456789",
      "+60 12-345 6789",
      "0060 12 345 6789",
      "+60 (0)12 345 6789",
      "012-345 6789",
      " 0123456789 ",
      "60123456789"
    ]) {
      assert.strictEqual(malaysian(written), expected, written)
    }
    assert.strictEqual(malaysian("+600123456789"), expected, "with the prefix of a call from within the country")
    assert.strictEqual(numberIn(phoneNumbers("44"))("020 7946 0018"), "+442079460018")
    assert.strictEqual(numberIn(phoneNumbers("39"))("06 1234 5678"), "+390612345678")
  })

  it("are one number in every spelling", () => {
    const between = [
      " ",
      "\u00a0",
      "\u2009",
      "\u202f",
      "\u3000",
      "\u00ad",
      "\u200b",
      "\u200e",
      "\u2060",
      "\ufeff",
      "\ufe0f",
      "\u3164"
    ]
    const marks = [...between, "-", "\u2010", "\u2011", "\u2013", "\u2212", "\uff0d", ".", "\uff0e", "/", " ("]
    const spellings = [
      ...marks.map((mark) => `+49${mark}1512${mark}3456789`),
      "\u202a+49 1512 3456789\u202c",
      "\u2066+4915123456789\u2069",
      "\u200f+4915123456789\t\n",
      "(+49) 1512 345 67 89",
      "[+49] 1512/345.67-89",
      "\uff0b\uff14\uff19\uff08\uff11\uff15\uff11\uff12\uff09\uff13\uff14\uff15\uff16\uff17\uff18\uff19",
      "+\u0664\u0669\u0661\u0665\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669",
      "+\u06f4\u06f9\u06f1\u06f5\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9",
      "0049\u200e1512\u00ad3456789",
      "+49 (0) 1512 3456789"
    ]
    for (const written of spellings) assert.strictEqual(international(written), "+4915123456789", escape(written))
    assert.strictEqual(german("\u200e0\uff11512\u20603456789"), "+4915123456789")
  })

  it("without a country are understood only where one is configured", () => {
    assert.isUndefined(international("0123456789"))
    assert.strictEqual(international("0060123456789"), "+60123456789")
  })

  it("that cannot be are none", () => {
    const none = [
      "",
      "+",
      "+60",
      "+6012",
      "+6012345678901234",
      "+0123456789",
      "+999123456789",
      "nobody",
      "12",
      "٠",
      "+60123456789,1",
      "tel:+60123456789",
      "+60123456789 x5",
      "++60123456789",
      "60123456789+",
      "+60123456789 +60123456780",
      "0123456789\n0123456780",
      "+491234",
      "+49 12345678901234",
      "x".repeat(64)
    ]
    for (const written of none) assert.isUndefined(malaysian(written), written)
  })

  it("must be in use where the country is guessed, and only possible where it is told", () => {
    assert.isUndefined(numberIn(phoneNumbers("1"))("(555) 123-4567"))
    assert.strictEqual(numberIn(phoneNumbers("1"))("(415) 555-2671"), "+14155552671")
    assert.strictEqual(international("+1 (555) 123-4567"), "+15551234567")
  })

  it("that no table has go as they are written where the country is told", () => {
    for (const [name, number] of Object.entries(untabled)) {
      for (const [code, read] of [[undefined, international] as const, ...readers]) {
        assert.strictEqual(read(number), number, `${name}, for ${code}`)
        assert.strictEqual(read(`${number.slice(0, 4)} ${number.slice(4)}`), number, `${name}, for ${code}`)
      }
    }
    assert.strictEqual(international("+5491123456789"), "+5491123456789")
    assert.strictEqual(international("+5511987654321"), "+5511987654321")
  })

  it("are read in one way, whichever signs stand between them", () => {
    for (const { countryCallingCode, nationalNumber, number } of mobiles) {
      for (const national of mutationsOf(nationalNumber)) {
        const plain = international(`+${countryCallingCode}${national}`)
        assert.strictEqual(international(`+${countryCallingCode} ${national}`), plain, `${number}: ${national}`)
      }
    }
  })

  it("that can be read as two are refused", () => {
    const two: ReadonlyArray<readonly [code: string, written: string]> = [
      ["49", "4915123456789"], // +49 1512 3456789, or 04915 123456789
      ["49", "15123456789"], // 01512 3456789, or Austin
      ["49", "5215512345678"], // 05215 512345678, or Mexico as WhatsApp writes it
      ["49", "4315123456"], // 04315 123456, or Vienna
      ["86", "13123456789"], // a Chinese mobile, or Chicago
      ["852", "0016591234567"] // Alabama, or Singapore as it is dialled in Hong Kong
    ]
    for (const [code, written] of two) {
      const hint = hintIn(phoneNumbers(code))(written)
      assert.match(hint ?? "", /write \+/, written)
      assert.notInclude(hint, written)
    }
    assert.strictEqual(german("015123456789"), "+4915123456789")
    assert.strictEqual(german("04915123456789"), "+494915123456789")
    assert.strictEqual(numberIn(phoneNumbers("1"))("14155552671"), "+14155552671")
    assert.strictEqual(numberIn(phoneNumbers("1"))("(432) 555-1234"), "+14325551234", "no mobile elsewhere")
    assert.strictEqual(numberIn(phoneNumbers("91"))("98123 45678"), "+919812345678")
  })

  it("say what was understood to be missing", () => {
    const here = assumedIn(phoneNumbers("49"))
    for (const written of ["+4915123456789", "+49 1512 3456789", "004915123456789"]) assert.isUndefined(here(written))
    assert.strictEqual(here("01512 3456789"), "+49")
    assert.strictEqual(assumedIn(phoneNumbers("60"))("60123456789"), "+")
  })

  it("come with a hint where they are refused", () => {
    const hints: ReadonlyArray<readonly [code: string | undefined, written: string, hint: RegExp]> = [
      [undefined, "4915123456789", /\+.*PHONE_COUNTRY_CODE/],
      [undefined, "4915123456789@c.us", /\+.*PHONE_COUNTRY_CODE/],
      ["49", "4915123456789@s.whatsapp.net", /\+.*PHONE_COUNTRY_CODE/],
      ["49", "4915123456789", /\+49.*PHONE_COUNTRY_CODE.*write \+/],
      ["60", "4915123456789", /\+60.*PHONE_COUNTRY_CODE.*write \+/],
      ["60", "+6012", /7 to 15 digits/],
      ["60", "my sister", /digits/]
    ]
    for (const [code, written, hint] of hints) assert.match(hintIn(phoneNumbers(code))(written) ?? "", hint, written)
  })

  describe("of every country", () => {
    it("are the same for every country that is configured, when they say their own", () => {
      const wrong = []
      for (const [i, example] of mobiles.entries()) {
        const ways = [example.number, example.formatInternational(), `(${example.number}\u200e)`, wide(example.number)]
        for (const [j, [code, read]] of readers.entries()) {
          const written = ways[(i + j) % ways.length]!
          if (read(written) !== example.number) wrong.push(`${written} for ${code}`)
          const dialled = read(`00${example.number.slice(1)}`) ?? example.number
          if (dialled !== example.number) wrong.push(`00 for ${code}`)
        }
        for (const written of ways) assert.strictEqual(international(written), example.number)
      }
      assert.deepStrictEqual(wrong, [])
    })

    it("never go to anybody else, whatever country is configured, when they are digits alone", () => {
      assert.isAbove(mobiles.length, 240)
      const wrong = []
      const numbers = [...mobiles.map(({ number }) => number as string), ...Object.values(untabled)]
      for (const [i, number] of numbers.entries()) {
        const digits = number.slice(1)
        const ways = [digits, `${digits.slice(0, 3)} ${digits.slice(3)}`, `\u202a${digits}\u202c`, wide(digits)]
        for (const [j, [code, read]] of readers.entries()) {
          const written = ways[(i + j) % ways.length]!
          const found = read(written) ?? number
          if (found !== number) wrong.push(`${written} for ${code}: ${found}`)
        }
      }
      assert.deepStrictEqual(wrong, [])
    })

    it("are read as they are written at home, where that is no number elsewhere", () => {
      const refused = mobiles.filter((example) => {
        const read = numberIn(phoneNumbers(example.countryCallingCode))(example.formatNational())
        if (read !== undefined) assert.strictEqual(read, example.number)
        return read === undefined
      })
      // a Chinese mobile without a prefix is a number of North America as well
      assert.deepStrictEqual(
        refused.map(({ country }) => country),
        ["CN"]
      )
    })
  })

  it("of any length are E.164, or none", () => {
    const isE164 = Schema.is(PhoneNumber)
    for (const country of getCountries()) {
      const code = getCountryCallingCode(country)
      const here = numberIn(phoneNumbers(code))
      for (const digits of [
        "1234567890123456789",
        "2000000000000000000",
        "8199999999999999999",
        "0212345678901234567"
      ]) {
        for (let length = 1; length <= digits.length; length++) {
          const number = digits.slice(0, length)
          for (const written of [number, `+${code}${number}`, `00${code} ${number}`, `+${number}`]) {
            const read = here(written)
            if (read !== undefined) assert.isTrue(isE164(read), `${written} in ${country}`)
          }
        }
      }
    }
  })
})

/** In full-width signs. */
const wide = (signs: string) => signs.replace(/[+\d]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0))

/** Numbers near this one: one digit another, missing, or twice; a prefix more. */
const mutationsOf = (digits: string): ReadonlyArray<string> => {
  const found = [digits]
  for (let i = 0; i < digits.length; i++) {
    const [before, after] = [digits.slice(0, i), digits.slice(i + 1)]
    for (const digit of "0123456789") found.push(before + digit + after)
    found.push(before + after, before + digits[i] + digits[i] + after)
  }
  for (const prefix of ["0", "1", "8", "9", "15", "90", "121"]) found.push(prefix + digits)
  return found
}
