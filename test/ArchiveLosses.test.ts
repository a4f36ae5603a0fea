import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Archive, type ArchiveRecord, type ArchiveService } from "#domain/ports/Archive.ts"
import { Blobs } from "#domain/ports/Blobs.ts"
import * as Files from "#infra/archive/Files.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventually, folder, start } from "./Homing.ts"
import { changed, message, optionsOf, post } from "./MetaFixture.ts"

it.live("what was lost and came once more is archived under a name of its own, with its body", () =>
  Effect.gen(function* () {
    let isGarbled = true
    const unreliable = Layer.effect(
      Blobs,
      Effect.map(Blobs, (blobs) => ({
        ...blobs,
        read: (name) => Effect.suspend(() => (isGarbled ? Effect.succeed(new Uint8Array(3)) : blobs.read(name)))
      }))
    )
    const records: Array<ArchiveRecord> = []
    const files = yield* folder
    const watched = Layer.effect(
      Archive,
      Effect.map(
        Files.make({ folder: files }),
        (service): ArchiveService => ({
          ...service,
          open: Effect.map(service.open, ({ append, newest }) => ({
            newest,
            append: (some) => Effect.tap(append(some), () => Effect.sync(() => void records.push(...some)))
          }))
        })
      )
    )
    const ports = Layer.merge(watched, unreliable)
    const options = optionsOf()
    const homing = yield* start(yield* folder, AcknowledgesAtOnce.layer, { options, ports, withoutAgent: true })
    const body = JSON.stringify(changed({ messages: [message("A", "hello")] }))
    const archived = (n: number) =>
      eventually(
        Effect.sync(() => records),
        ({ length }) => length >= n
      )
    yield* post(homing.url, body)
    yield* archived(1)
    yield* eventually(homing.call("GET", "/metrics"), ({ body }) => body.text.includes("homing_meta_lost_total{"))
    isGarbled = false
    yield* post(homing.url, body)
    const [first, second] = yield* archived(2)
    assert.deepInclude(first!.line, { without: "damaged" })
    assert.deepInclude(second!.line, { body })
    assert.notStrictEqual(second!.name, first!.name)
  })
)
