import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { AgentId, DeviceId, EventId, MessageId, WaMessageId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { BusUnavailable } from "#domain/ports/CommandBus.ts"
import { DeviceRegistry } from "../../devices/DeviceRegistry.ts"
import type { DeviceRecord } from "../../devices/DevicesRows.ts"
import { Identity } from "../../identity/Identity.ts"
import { at, sealed, uuid } from "../../testing/ViewsFixture.ts"
import * as Transports from "../Transport.ts"
import * as AgentTransport from "./AgentTransport.ts"
import { AgentCommands } from "./Commands.ts"

const [kitchen, hall, desk, cloud] = [1, 2, 3, 4].map((n) => DeviceId.make(uuid(n))) as [DeviceId, ...Array<DeviceId>]
const registry = new Map(
  [
    [kitchen, "home"],
    [hall!, "home"],
    [desk!, "office"],
    [cloud!, undefined]
  ].map(([device, agent]) => [device as DeviceId, { agent } as unknown as DeviceRecord])
)

/** The transport over a bus that is `here` or not, of which `home` alone has a key. Answers what agents were told. */
const agents = Effect.fnUntraced(function* (bus: { here: boolean }) {
  const told: Array<unknown> = []
  const stubs = Layer.mergeAll(
    Layer.succeed(DeviceRegistry, registry),
    Layer.succeed(Identity, { agent: (agent: string) => (agent === "home" ? {} : undefined) } as never),
    Layer.succeed(AgentCommands, {
      issue: (agent, orders) =>
        bus.here
          ? Effect.sync(() => void told.push(...orders.map(({ command, subject }) => [agent, subject, command])))
          : Effect.fail(new BusUnavailable({ cause: "away" }))
    })
  )
  const services = yield* Layer.build(
    AgentTransport.layer.pipe(Layer.provideMerge(Transports.layer), Layer.provide(stubs))
  )
  const { named } = yield* Effect.provideContext(Transports.Transports, services)
  return { told, transport: named("whatsapp-web")! }
})

const about = {
  commandId: EventId.make(uuid(9)),
  attempt: 1,
  position: 0n,
  expiresAt: at,
  transport: "whatsapp-web"
} as const
const link = (device: DeviceId, phone?: string): Transports.Order => ({
  ...about,
  kind: "link",
  device,
  via: { transport: "whatsapp-web", agent: AgentId.make("home"), pairing: { method: "qr" } },
  phone
})

it.effect("has one route for an agent's devices, and none for those that no agent has", () =>
  Effect.gen(function* () {
    const { transport } = yield* agents({ here: true })
    const { routeTo } = transport
    assert.isDefined(routeTo(kitchen))
    assert.strictEqual(routeTo(kitchen), routeTo(hall!))
    assert.notStrictEqual(routeTo(kitchen), routeTo(desk!))
    assert.isUndefined(routeTo(cloud!))
    assert.isUndefined(routeTo(DeviceId.make(uuid(5))))
  })
)

it.effect("is open, and issues again, to an agent with a key", () =>
  Effect.gen(function* () {
    const { mayReissue, routeTo } = (yield* agents({ here: true })).transport
    assert.deepStrictEqual([kitchen, desk!, cloud!].map(mayReissue), [true, false, false])
    assert.deepStrictEqual([routeTo(kitchen)?.isOpen(), routeTo(desk!)?.isOpen()], [true, false])
  })
)

it.effect("tells the agent what to send and how to pair, and says when the bus is away", () =>
  Effect.gen(function* () {
    const bus = { here: true }
    const { told, transport } = yield* agents(bus)
    const route = transport.routeTo(kitchen)!
    const message = MessageId.make(uuid(7))
    const messageId = WaMessageId.make("3EB0000000000000000001")
    const personal = {
      to: { kind: "phone", address: PhoneNumber.make("+15550100002") },
      content: { type: "text", text: "hello" }
    } as const
    const via = { name: "whatsapp-web", messageId } as const
    const send: Transports.Order = {
      ...about,
      ...personal,
      kind: "send",
      device: kitchen,
      message,
      subject: sealed.subject,
      via
    }
    yield* route.issue([send, link(kitchen), link(hall!, "+15550100009")])
    assert.deepStrictEqual(told, [
      ["home", sealed.subject, { kind: "send", message, waMessageId: messageId, personal }],
      ["home", "-", { kind: "pair", personal: { method: "qr" } }],
      ["home", "-", { kind: "pair", personal: { method: "code", phone: "+15550100009" } }]
    ])
    bus.here = false
    const { _tag, what } = (yield* Effect.flip(route.issue([send]))) as Transports.TransportUnavailable
    assert.deepStrictEqual([_tag, what], ["TransportUnavailable", "the bus"])
  })
)
