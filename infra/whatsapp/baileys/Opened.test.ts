import { assert, describe, it } from "@effect/vitest"
import type { WASocket } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { fromUtf8, utf8 } from "#domain/Bytes.ts"
import { until } from "#domain/testing/Eventually.ts"
import * as Opened from "./Opened.ts"

type Rows = { readonly [type: string]: { readonly [id: string]: unknown } }

/** What Baileys is to a device, over rows that outlive it; a write is over when the test says so. */
const scene = () => {
  const rows = new Map<string, unknown>()
  const writes: Array<() => void> = []
  const set = (data: Rows) =>
    new Promise<void>((done) => {
      writes.push(() => {
        for (const [slot, kept] of Object.entries(data.opened ?? {})) rows.set(slot, kept)
        done()
      })
    })
  const life = (decrypt: (ciphertext: Uint8Array) => Uint8Array) => {
    const decryptMessage = async ({ ciphertext }: { readonly ciphertext: Uint8Array }) => decrypt(ciphertext)
    const keys = { set, transaction: (work: () => unknown) => work() }
    const sock = { authState: { keys }, signalRepository: { decryptMessage, decryptGroupMessage: decryptMessage } }
    const notes = { get: (_: string, slot: string) => rows.get(slot) ?? undefined }
    const { decryptMessage: open } = Opened.make(sock as unknown as WASocket, notes).reading(() => ({}))
    return async (from: string) => fromUtf8(await open({ jid: from, type: "msg", ciphertext: utf8(from) }))
  }
  return { life, writes }
}

describe("what is opened", () => {
  it("in two chats at a time is kept of both, for whoever comes after", async () => {
    const { life, writes } = scene()
    const open = life((ciphertext) => utf8(`said by ${fromUtf8(ciphertext)}`))
    const both = Promise.all([open("one"), open("another")])
    await Effect.runPromise(until(() => writes.length === 2))
    for (const write of writes) write()
    assert.deepStrictEqual(await both, ["said by one", "said by another"])
    const again = life(() => {
      throw new Error("its key was used")
    })
    assert.deepStrictEqual(await Promise.all([again("one"), again("another")]), await both)
  })
})
