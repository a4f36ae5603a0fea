import { assert, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Unreadable } from "#domain/privacy/Sealing.ts"
import { Readings } from "../inbound/Readings.ts"
import { MessageActors } from "../messages/MessageActors.ts"
import { at, recorded, sealed, uuid } from "../testing/ViewsFixture.ts"
import * as Withheld from "./Withheld.ts"

const asked = recorded(`inbound-${uuid(7)}`, 1, 4n, {
  type: "inbound.read_requested.v1",
  data: { device: uuid(1), transport: "whatsapp-web", message: sealed, expiresAt: at }
})

it.effect(
  "that something was read is not told when where it was said cannot be read: it ends, and is said once",
  () => {
    const ended: Array<string> = []
    const lines: Array<unknown> = []
    const stubs = Layer.mergeAll(
      Layer.succeed(EventStore, {} as never),
      Layer.succeed(MessageActors, {} as never),
      Layer.succeed(Readings, {
        withhold: ({ eventId }: typeof asked, reason: string) =>
          Effect.sync(() => ended.push(`${eventId} ${reason}`) === 1)
      } as never),
      Logger.layer([Logger.make(({ message }) => lines.push(message))])
    )
    return Effect.gen(function* () {
      const { withhold } = yield* Withheld.make({ last: () => Effect.succeed({ attempt: 1, at: 0 }) })
      for (const issued of [false, true]) yield* withhold(asked, new Unreadable({ reason: "erased" }), issued)
      assert.deepStrictEqual(ended, [`${asked.eventId} unreadable`, `${asked.eventId} unreadable`])
      assert.lengthOf(lines, 1)
    }).pipe(Effect.provide(stubs))
  }
)
