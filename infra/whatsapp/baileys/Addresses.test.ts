import { assert, describe, it } from "@effect/vitest"
import { PhoneNumber, type Recipient } from "#domain/message/Recipient.ts"
import * as Addresses from "./Addresses.ts"
import type { AuthState } from "./AuthState.ts"

const own = { id: "15550001:3@s.whatsapp.net", lid: "11:3@lid" }
const pn = "15550002@s.whatsapp.net"

/** Over rows that outlive it. */
const over = (rows: Map<string, unknown>) => {
  const notes: AuthState["notes"] = {
    get: (type, id) => rows.get(`${type} ${id}`),
    set: (type, id, value) =>
      void (value === undefined ? rows.delete(`${type} ${id}`) : rows.set(`${type} ${id}`, value))
  }
  return Addresses.make({ notes, state: { creds: { me: own } } as AuthState["state"] })
}
const known = () =>
  over(
    new Map([
      ["lid-mapping 15550001", "11"],
      ["lid-mapping 15550002", "22"],
      ["lid-mapping 22_reverse", "15550002"],
      ["lid-mapping 21_reverse", "15550002"] // of whoever had the number before
    ])
  )

describe("addresses", () => {
  it("of a phone, whatever the device, tell its number; those of a LID, and what is no number, tell none", () => {
    const numbers = ["15550001:3@s.whatsapp.net", "15550001@hosted", own.lid, "123@s.whatsapp.net", "a@b", undefined]
    assert.deepStrictEqual(numbers.map(Addresses.phoneOf), ["+15550001", "+15550001", ...Array(4).fill(undefined)])
  })

  it("are one person's under either name and on any device, if the server said so", () => {
    const { isSame } = known()
    for (const same of [pn, "15550002:7@s.whatsapp.net", "15550002@c.us", "15550002:99@hosted", "22@lid", "22:7@lid"]) {
      assert.isTrue(isSame(same, pn) && isSame(pn, same), same)
    }
    const others = ["15550003@s.whatsapp.net", "15550002@lid", "22@s.whatsapp.net", "21@lid", "23@lid", "11@lid"]
    const noPersons = [
      "15550002@g.us",
      "15550002@newsletter",
      "15550002@broadcast",
      "@s.whatsapp.net",
      "@",
      "",
      undefined
    ]
    const odd = ["15550002_1@s.whatsapp.net", "15550002@s.whatsapp.net\n", "x15550002@lid", "15550002:@s.whatsapp.net"]
    for (const other of [...others, ...noPersons, ...odd]) {
      assert.isFalse(isSame(other, pn) || isSame(pn, other), other)
    }
    assert.isFalse(isSame(undefined, undefined))
  })

  it("are the account's own under either name", () => {
    const { isOwn } = known()
    for (const one of ["15550001@s.whatsapp.net", "15550001:9@s.whatsapp.net", "11@lid"]) assert.isTrue(isOwn(one))
    for (const one of [pn, "22@lid", "15550001@g.us", undefined]) assert.isFalse(isOwn(one))
  })

  it("say where a number was found, also in the next life, until it is found at its own again", () => {
    const rows = new Map<string, unknown>()
    const to: Recipient = { kind: "phone", address: PhoneNumber.make("+5511987654321") }
    const [itself, elsewhere] = ["5511987654321@s.whatsapp.net", "551187654321@s.whatsapp.net"]
    over(rows).found(to, itself)
    assert.strictEqual(rows.size, 0)
    over(rows).found(to, elsewhere)
    assert.strictEqual(over(rows).of(to), elsewhere)
    over(rows).found(to, itself)
    assert.strictEqual(over(rows).of(to), itself)
    assert.strictEqual(rows.size, 0)
  })
})
