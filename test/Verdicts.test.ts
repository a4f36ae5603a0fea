import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { connectedDevice, eventually, folder, life, start, text } from "./Homing.ts"
import { scan, simulator, started } from "./Process.ts"

/** A process of its own whose clock is two hours ahead as soon as it is told so. */
const jumping = `const now = Date.now; let ahead = 0; Date.now = () => now() + ahead
process.on("SIGUSR2", () => { ahead = 2 * 3_600_000 })
`

describe("what was called failed or expired", () => {
  it.live("is not sent by the next life of a process that was killed at once", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const clock = join(cwd, "clock.mjs")
      writeFileSync(clock, jumping)
      const whatsapp = yield* simulator(cwd, "--absent", "60123450002")
      const env = { WHATSAPP_URL: whatsapp.url, DATA_DIR: "data", NODE_OPTIONS: `--import ${clock}` }
      const first = yield* started({ cwd, env })
      const again = started({ cwd, env }, first.key)
      const { body: device } = yield* first.call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
      yield* scan(first, whatsapp, device.id, "15550100001")
      const to = (number: string, confirm: object = { until: "sent", timeoutMs: 30_000 }, more: object = {}) => ({
        ...text(device.id, "once", confirm),
        to: number,
        ...more
      })
      const failed = Effect.fnUntraced(function* (life: typeof first, number: string, code: string) {
        const { body } = yield* life.call("POST", "/v1/messages", to(number))
        yield* life.process.end("SIGKILL")
        assert.deepStrictEqual([body.status, body.error?.code], ["failed", code])
        return body.id as string
      })

      yield* whatsapp.control("faults", { ack: { error: 463 } })
      const refused = yield* failed(first, "+60123450001", "463")
      yield* whatsapp.control("faults", { ack: "normal" })
      const nobody = yield* failed(yield* again, "+60123450002", "recipient_not_on_whatsapp")
      yield* whatsapp.control("contact", { phone: "60123450002", present: true })

      yield* whatsapp.control("faults", { ack: "never", deliver: false })
      const third = yield* again
      const atOnce = { until: "sent", timeoutMs: 0 }
      const before = yield* third.call("POST", "/v1/messages", to("+60123450003", atOnce))
      yield* eventually(whatsapp.control("messages"), (messages) =>
        messages.some(({ contact }: { contact: string }) => contact === "60123450003")
      )
      const behind = to("+60123450003", atOnce, { expiresInSeconds: 3_600 })
      const { body: expiring } = yield* third.call("POST", "/v1/messages", behind)
      process.kill(third.process.pid, "SIGUSR2")
      yield* eventually(third.call("GET", `/v1/messages/${expiring.id}`), ({ body }) => body.status === "expired")
      yield* third.process.end("SIGKILL")

      yield* whatsapp.control("faults", { ack: "normal", deliver: true })
      const last = yield* again
      const statusOf = (id: string) => Effect.map(last.call("GET", `/v1/messages/${id}`), ({ body }) => body.status)
      // what was under way is tried again: by then anything else would have been
      yield* eventually(statusOf(before.body.id), (status) => status === "delivered" || status === "read")
      interface Seen {
        readonly contact: string
        readonly stanzas: number
        readonly waMessageId: string
      }
      const [refusedOnce]: ReadonlyArray<Seen> = yield* whatsapp.control("messages")
      const asked = { to: "15550100001", from: "60123450001@s.whatsapp.net", type: "retry" }
      for (const _ of ["once", "again"]) {
        yield* whatsapp.control("receipt", { ...asked, waMessageId: refusedOnce!.waMessageId })
      }
      yield* Effect.sleep(1_500)
      const seen: ReadonlyArray<Seen> = yield* whatsapp.control("messages")
      const stanzas = seen.map(({ contact, stanzas }) => [contact, stanzas])
      assert.deepStrictEqual(stanzas, [
        ["60123450001", 1],
        ["60123450003", 2]
      ])
      assert.deepStrictEqual(yield* Effect.forEach([refused, nobody, expiring.id], statusOf), [
        "failed",
        "failed",
        "expired"
      ])
    })
  )

  it.live("is not sent after a restart, though the ledger could not be written when it was heard", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const ledger = (statement: string) =>
        Effect.sync(() => {
          const db = new DatabaseSync(join(path, "ledger.db"))
          db.exec(statement)
          db.close()
        })
      let outcome: Effect.Effect<SendOutcome> = Effect.succeed({ _tag: "Acked", at: fromMillis(Date.now()) })
      const whatsapp = Instant.make({ keep: 10, outcome: () => Effect.suspend(() => outcome) })
      const first = yield* life
      const homing = yield* first.during(start(path, whatsapp.layer))
      const device = yield* connectedDevice(homing)
      const refusal: SendOutcome = { _tag: "Rejected", code: "463", at: fromMillis(Date.now()) }
      outcome = Effect.as(ledger("ALTER TABLE entries RENAME TO away"), refusal)
      const { body } = yield* homing.call("POST", "/v1/messages", text(device, "once", { timeoutMs: 1_500 }))
      assert.notStrictEqual(body.status, "failed") // nobody knows it who would remember
      yield* ledger("ALTER TABLE away RENAME TO entries")
      yield* eventually(homing.call("GET", `/v1/messages/${body.id}`), (answer) => answer.body.status === "failed")
      yield* first.end

      outcome = Effect.succeed({ _tag: "Acked", at: fromMillis(Date.now()) })
      const next = yield* start(path, whatsapp.layer)
      const { body: other } = yield* next.call("POST", "/v1/messages", text(device, "another"))
      assert.strictEqual(other.status, "sent")
      yield* Effect.sleep(1_500)
      assert.lengthOf(whatsapp.sent, 2)
    })
  )
})
