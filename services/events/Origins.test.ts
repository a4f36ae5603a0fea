import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { StreamId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { uuid } from "../testing/ViewsFixture.ts"
import * as Origins from "./Origins.ts"

it.effect("a message that begins with what only a newer release knows has none, and stops nobody", () =>
  Effect.gen(function* () {
    const of = (type: string, revision: number) =>
      ({ type, revision, stream: StreamId.make(`message-${uuid(1)}`), data: {} }) as RecordedEvent
    const read = () => Effect.succeed([of("message.queued.v99", 0)])
    const { originOf } = yield* Effect.provideService(Origins.make, EventStore, { read } as never)
    assert.isUndefined(yield* originOf(of("message.queued.v99", 0)))
  })
)
