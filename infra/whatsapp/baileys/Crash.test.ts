import { execFile } from "node:child_process"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { BufferJSON } from "@whiskeysockets/baileys"
import { Effect } from "effect"
import { temporaryDirectory } from "../../testing/TemporaryDirectory.ts"
import { SignalPeer } from "../simulator/SignalPeer.ts"

const jid = "15550002@s.whatsapp.net"
const own = "15550001:3@s.whatsapp.net"

const script = join(import.meta.dirname, "testing/EncryptorFixture.ts")
/** What a life printed until it was killed. */
const live = (...args: ReadonlyArray<string>) =>
  Effect.callback<ReadonlyArray<{ readonly type: string; readonly text: string; readonly ciphertext: string }>>(
    (resume) => {
      execFile(process.execPath, [script, ...args], (error, printed, problems) => {
        if (error?.signal !== "SIGKILL") return resume(Effect.die(new Error(`it was not killed: ${problems}`)))
        resume(
          Effect.succeed(
            printed
              .trim()
              .split("\n")
              .map((line) => JSON.parse(line))
          )
        )
      })
    }
  )

describe("a device that dies when a message has left, before anything of it is stored", () => {
  it.live("uses no key a second time: the phone opens all that every life has sent", () =>
    Effect.gen(function* () {
      const file = join(yield* temporaryDirectory, "whatsapp.db")
      const phone = new SignalPeer()
      const bundle = JSON.stringify(yield* Effect.promise(() => phone.takeBundle()), BufferJSON.replacer)
      for (const count of [1, 1, 20, 3, 40]) {
        const sent = yield* live(file, jid, bundle, String(count))
        assert.lengthOf(sent, count)
        for (const { ciphertext, text, type } of sent) {
          const enc = { tag: "enc", attrs: { type }, content: Buffer.from(ciphertext, "hex") }
          const opened = yield* Effect.promise(() => phone.decrypt(own, enc))
          assert.strictEqual(opened.conversation, text)
        }
      }
    })
  )
})
