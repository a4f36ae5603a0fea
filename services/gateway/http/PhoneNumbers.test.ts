import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import parse, { getCountries, getCountryCallingCode, getExampleNumber } from "libphonenumber-js/min"
import examples from "libphonenumber-js/mobile/examples"
import { PhoneNumber } from "#domain/message/Content.ts"
import { phoneNumbers } from "./PhoneNumbers.ts"

describe("phone numbers", () => {
  const malaysian = phoneNumbers("60")
  const international = phoneNumbers(undefined)

  it("are read as people write them", () => {
    const expected = "+60123456789"
    for (const written of [
      "+60123456789",
      "+60 12-345 6789",
      "0060 12 345 6789",
      "+60 (0)12 345 6789",
      "012-345 6789",
      " 0123456789 "
    ]) {
      assert.strictEqual(malaysian(written), expected, written)
    }
    assert.strictEqual(malaysian("+600123456789"), expected, "with the prefix of a call from within the country")
    assert.strictEqual(phoneNumbers("44")("020 7946 0018"), "+442079460018")
    assert.strictEqual(phoneNumbers("39")("06 1234 5678"), "+390612345678")
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
      "+60123456789012",
      "+0123456789",
      "+999123456789",
      "nobody",
      "12",
      "٠",
      "+60123456789,1",
      "tel:+60123456789",
      "+60123456789 x5",
      "+491234",
      "+49 12345678901234",
      "x".repeat(64)
    ]
    for (const written of none) assert.isUndefined(malaysian(written), written)
  })

  it("must be in use where the country is guessed, and only possible where it is told", () => {
    assert.isUndefined(phoneNumbers("1")("(555) 123-4567"))
    assert.strictEqual(phoneNumbers("1")("(415) 555-2671"), "+14155552671")
    assert.strictEqual(international("+1 (555) 123-4567"), "+15551234567")
  })

  it("of every country pass as they are written in E.164", () => {
    for (const country of getCountries()) {
      const example = getExampleNumber(country, examples)
      if (example === undefined) continue
      assert.strictEqual(international(example.number), example.number)
      assert.strictEqual(international(example.formatInternational()), example.number)
      assert.strictEqual(
        phoneNumbers(example.countryCallingCode)(example.formatNational()),
        parse(example.number)?.number
      )
    }
  })

  it("of any length are E.164, or none", () => {
    const isE164 = Schema.is(PhoneNumber)
    for (const country of getCountries()) {
      const code = getCountryCallingCode(country)
      const here = phoneNumbers(code)
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
