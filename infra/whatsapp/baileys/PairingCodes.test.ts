import { EventEmitter } from "node:events"
import { assert, it } from "@effect/vitest"
import type { WASocket } from "@whiskeysockets/baileys"
import { toMillis } from "#domain/Instant.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { PairingCodeRefused, pairingCodes } from "./PairingCodes.ts"

/** A socket on which the server answers a request for a code so. */
const socketOf = (answer: string) => {
  const ws = new EventEmitter()
  const requestPairingCode = async (phone: string) => {
    setImmediate(() => ws.emit(answer))
    return `CODE${phone.slice(-4)}`
  }
  return { ws, requestPairingCode } as unknown as WASocket
}
const socket = socketOf("CB:iq,,link_code_companion_reg")
const secondsLeft = (code: { readonly expiresAt: Parameters<typeof toMillis>[0] } | undefined) =>
  Math.round((toMillis(code!.expiresAt) - Date.now()) / 1_000)

it("each QR code is a new one, and the first stands longest", async () => {
  const offer = pairingCodes(socket, { method: "qr" }, undefined)
  const codes = [await offer("first"), await offer("second")]
  assert.deepStrictEqual(
    codes.map((code) => code?.code),
    ["first", "second"]
  )
  assert.deepStrictEqual(codes.map(secondsLeft), [60, 20])
})

it("one pairing code is asked for and stands as long as all QR codes together", async () => {
  const offer = pairingCodes(socket, { method: "code", phone: PhoneNumber.make("+15550001") }, undefined)
  const code = await offer("first")
  assert.deepInclude(code, { method: "code", code: "CODE0001" })
  assert.strictEqual(secondsLeft(code), 160)
  assert.isUndefined(await offer("second"))
})

it("a code that the server does not take is none", async () => {
  const phone = PhoneNumber.make("+15550001")
  for (const [answer, error] of [
    ["CB:iq,type:error", PairingCodeRefused],
    ["close", Error]
  ] as const) {
    const offered = await pairingCodes(socketOf(answer), { method: "code", phone }, undefined)("first").catch((e) => e)
    assert.instanceOf(offered, error)
  }
})
