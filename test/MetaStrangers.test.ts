import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { trustOf } from "#services/http/ClientAddress.ts"
import { longest } from "#services/meta/Body.ts"
import { folder, start } from "./Homing.ts"
import { changed, message, optionsOf, pieces, post } from "./MetaFixture.ts"

const piece = Buffer.alloc(1024 * 1024, " ")
const forged = `sha256=${"0".repeat(64)}`
const from = (address: string) => ({ "x-forwarded-for": address })

describe("a stranger at Meta's address", () => {
  it.live("who sends all the bodies that there is room for, and ends none of them, is in nobody else's way", () =>
    Effect.gen(function* () {
      const { http, ...options } = optionsOf()
      const { url } = yield* start(yield* folder, AcknowledgesAtOnce.layer, {
        options: { ...options, http: { ...http, trustProxy: trustOf("1")! } },
        withoutAgent: true
      })
      /** Held until the test is over, and refused if there is no room for it. */
      const held = pieces(
        url,
        { ...from("192.0.2.1"), "x-hub-signature-256": forged, "transfer-encoding": "chunked" },
        (send) => {
          for (let sent = piece.length; sent < longest; sent += piece.length) send(piece)
        }
      )
      const bodies = 60
      const refused: Array<string> = []
      const all = Effect.forEach(
        Array.from({ length: bodies }),
        () => Effect.map(held, ({ status, text }) => void refused.push(`${status} ${text}`)),
        { concurrency: "unbounded" }
      )
      yield* Effect.forkScoped(all, { startImmediately: true })
      while (refused.length < 10) yield* Effect.sleep(20)
      assert.deepStrictEqual([...new Set(refused)], ['503 {"error":"busy"}'])

      const body = JSON.stringify(changed({ messages: [message("A", "x".repeat(3_000_000))] }))
      const answer = yield* post(url, body, from("192.0.2.2"))
      assert.deepStrictEqual([answer.status, answer.text], [200, '{"ok":true}'])
    })
  )
})
