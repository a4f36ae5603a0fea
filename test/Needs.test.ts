import { copyFileSync, renameSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { type Answer, connectedDevice, eventually, folder, type Homing, start, text } from "./Homing.ts"
import { changed, message, optionsOf, post } from "./MetaFixture.ts"

/** What readiness says is what whoever comes would meet, whichever database of the folder is out of reach. */

interface Spoilt {
  readonly file: string
  readonly mended: () => void
}

const removed = (file: string): Spoilt => {
  renameSync(file, `${file}.away`)
  return { file, mended: () => renameSync(`${file}.away`, file) }
}
const replaced = (file: string): Spoilt => {
  const away = removed(file)
  copyFileSync(`${file}.away`, file)
  return away
}
const locked = (file: string): Spoilt => {
  const db = new DatabaseSync(file)
  db.exec("BEGIN IMMEDIATE")
  return { file, mended: () => db.close() }
}

let numbers = 0
/** To somebody who was never written to. */
const send = ({ call }: Homing, device: string) =>
  call("POST", "/v1/messages", {
    ...text(device, "hello", { until: "sent", timeoutMs: 2_000 }),
    to: `+60123456${String(100 + numbers++)}`
  })
const webhook = ({ url }: Homing) =>
  post(url, JSON.stringify(changed({ messages: [message(`${numbers++}`, "hello")] })))
const codeOf = ({ body, status }: Answer) => `${status} ${body.code ?? body.status}`

const begun = Effect.gen(function* () {
  const path = yield* folder
  const homing = yield* start(path, AcknowledgesAtOnce.layer, { options: optionsOf() })
  const device = yield* connectedDevice(homing)
  assert.strictEqual(codeOf(yield* send(homing, device)), "201 sent")
  assert.strictEqual((yield* webhook(homing)).status, 200)
  const becomes = (code: string) => eventually(homing.call("GET", "/health/ready"), (answer) => codeOf(answer) === code)
  yield* becomes("200 ok")
  const warnings = Effect.map(
    homing.call("GET", "/health/detailed"),
    ({ body }) => body.warnings as ReadonlyArray<string>
  )
  return { path, homing, device, becomes, warnings }
})

const away = "503 store_unavailable"
const table = [
  ["log.db", removed, { send: away, webhook: 503 }],
  ["log.db", locked, { send: away, webhook: 503 }],
  ["log.db", replaced, { send: away, webhook: 503 }],
  ["subject-keys.db", removed, { send: away, webhook: 200 }],
  ["subject-keys.db", locked, { send: away, webhook: 200 }],
  ["blobs.db", removed, { send: "201 sent", webhook: 503 }],
  ["blobs.db", locked, { send: "201 sent", webhook: 503 }]
] as const

describe("a gateway is not ready while it cannot write to", () => {
  for (const [file, spoil, met] of table) {
    it.live(`${file}, which was ${spoil.name}`, () =>
      Effect.gen(function* () {
        const { becomes, device, homing, path } = yield* begun
        const { mended } = spoil(join(path, file))
        if (spoil !== locked) yield* becomes(away) // before anybody was refused
        assert.strictEqual(codeOf(yield* send(homing, device)), met.send)
        assert.strictEqual((yield* webhook(homing)).status, met.webhook)
        yield* becomes(away)
        yield* Effect.sleep("1500 millis") // longer than an answer is kept
        yield* becomes(away)
        mended()
        yield* becomes("200 ok")
        assert.strictEqual(codeOf(yield* send(homing, device)), "201 sent")
        assert.strictEqual((yield* webhook(homing)).status, 200)
      })
    )
  }

  it.live("anything but the ledger: what is accepted waits for its agent, and somebody is to look after it", () =>
    Effect.gen(function* () {
      const { becomes, device, homing, path, warnings } = yield* begun
      assert.notInclude(yield* warnings, "agent_ledger")
      const { mended } = removed(join(path, "ledger.db"))
      yield* eventually(warnings, (all) => all.includes("agent_ledger"))
      const sent = yield* send(homing, device)
      assert.strictEqual(codeOf(sent), "202 queued")
      yield* becomes("200 ok")
      mended()
      yield* eventually(warnings, (all) => !all.includes("agent_ledger"))
      yield* eventually(homing.call("GET", `/v1/messages/${sent.body.id}`), ({ body }) => body.status === "sent")
    })
  )
})
