import { assert, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { Noticed } from "#domain/Notice.ts"
import { tellConnected, tellDisconnected } from "./Told.ts"

const device = DeviceId.make("11111111-1111-7111-8111-111111111111")

const lines = (told: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const heard: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ fiber, logLevel, message }) => {
      heard.push([logLevel, ...(message as ReadonlyArray<unknown>), fiber.getRef(Noticed)])
    })
    yield* Effect.provide(told, Logger.layer([logger]))
    return heard
  })

it.effect("a device's life is told in a line each, in terminal and log, with what has to be done", () =>
  Effect.gen(function* () {
    assert.deepStrictEqual(yield* lines(tellConnected(device)), [
      ["Info", "a device is connected to WhatsApp", { device }, true]
    ])
    const ends = [
      ["connection_lost", "Warn", "there is no connection to WhatsApp; it is tried again"],
      ["logged_out", "Error", "the device was unlinked from its account, and its keys are forgotten"],
      [
        "replaced",
        "Error",
        "the device's credentials are in use elsewhere; end the other client, then POST /v1/devices/<id>/reconnect"
      ],
      ["banned", "Error", "WhatsApp has banned this account"],
      ["pairing_timeout", "Warn", "nobody has used the device's pairing code in time"]
    ] as const
    for (const [reason, level, words] of ends) {
      assert.deepStrictEqual(yield* lines(tellDisconnected(device, reason)), [[level, words, { device, reason }, true]])
    }
  })
)
