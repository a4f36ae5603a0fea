import { Context, Effect, Layer } from "effect"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as AcknowledgesAtOnce from "./AcknowledgesAtOnce.ts"
import { adapterIn, bob, own, world } from "./baileys/testing/BaileysFixture.ts"
import { Worlds, whatsAppContract } from "./contract.ts"

const life = <E>(layer: Layer.Layer<WhatsApp, E>) =>
  Effect.map(Layer.build(Layer.fresh(layer)), (context) => Context.get(context, WhatsApp))

const atOnce = Effect.sync(() => {
  const { layer, sent } = AcknowledgesAtOnce.make({ keep: 100 })
  const texts = () => sent.map(({ bytes, waMessageId }) => [waMessageId, new TextDecoder().decode(bytes)] as const)
  return {
    own: AcknowledgesAtOnce.ownNumber,
    live: life(layer),
    scan: () => Effect.void,
    shown: Effect.sync(() => new Map(texts()))
  }
})
whatsAppContract("acknowledges at once", Layer.succeed(Worlds, { empty: atOnce }))

const simulated = Effect.map(world(), (made) => ({
  own: PhoneNumber.make(`+${own}`),
  live: life(adapterIn(made)),
  scan: (code: string) => Effect.promise(() => made.simulator.scanQr(code, own)),
  shown: Effect.sync(() => new Map(made.simulator.inbox(bob).map(({ text, waMessageId }) => [waMessageId, text])))
}))
whatsAppContract("Baileys, over the simulator", Layer.succeed(Worlds, { empty: simulated }))
