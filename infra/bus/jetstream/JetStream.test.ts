import { Effect, Layer } from "effect"
import { CommandBus } from "#domain/ports/CommandBus.ts"
import { describeWith } from "../../../test/servers/Installed.ts"
import { natsServer } from "../../../test/servers/Nats.ts"
import { commandBusContract } from "../contract.ts"
import { bothEnds } from "./testing/JetStreamFixture.ts"

const bus = Effect.gen(function* () {
  const { url } = yield* natsServer()
  return yield* bothEnds(url)
})

describeWith("nats-server", "JetStream", () =>
  commandBusContract("gateway and agent on JetStream", Layer.effect(CommandBus, bus))
)
