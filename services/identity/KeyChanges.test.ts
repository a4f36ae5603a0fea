import { assert, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { AgentId } from "#domain/Ids.ts"
import { Instant } from "#domain/Instant.ts"
import { type AgentKey, type GatewayKey, usable } from "#domain/identity/LogIdentityState.ts"
import { tellKeyChanges } from "./KeyChanges.ts"

const now = Instant.make("2030-01-01T00:00:00.000Z")
const later = Instant.make("2030-02-01T00:00:00.000Z")
const home = AgentId.make("home")
const publicHalves = { signing: "S", agreement: "A" }
const gatewayKey = (over: Partial<GatewayKey> = {}): GatewayKey => ({ ...publicHalves, ...usable, ...over })
const agentKey = (over: Partial<AgentKey> = {}): AgentKey => ({
  ...publicHalves,
  ...usable,
  protocol: 3,
  busUser: undefined,
  ...over
})

const opened = (
  active: string,
  gatewayKeys: { readonly [id: string]: GatewayKey },
  agentKeys: { readonly [id: string]: AgentKey }
) => ({
  _tag: "Open" as const,
  store: "store",
  epoch: 1,
  installation: undefined,
  active,
  gatewayKeys: new Map(Object.entries(gatewayKeys)),
  agents: new Map([[home, new Map(Object.entries(agentKeys))]])
})

it.effect("a line tells of each key that is new or stands otherwise, and of no other", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => {
      const [words, fields] = Array.isArray(message) ? message : [message, {}]
      lines.push([words.split(":")[0], ...Object.values(fields as object)].join(" "))
    })
    const before = opened("g1", { g1: gatewayKey() }, { a1: agentKey() })
    const after = opened(
      "g2",
      { g1: gatewayKey({ until: later }), g2: gatewayKey(), g3: gatewayKey() },
      { a1: agentKey({ revoked: true }), a2: agentKey() }
    )
    const tell = (one: typeof before, other: typeof before) =>
      Effect.provide(tellKeyChanges(one, other, now), Logger.layer([logger]))
    yield* tell(after, after)
    assert.deepStrictEqual(lines, [])
    yield* tell(before, after)
    assert.deepStrictEqual(lines, [
      "a gateway's key is retired g1",
      "a gateway's key is active g2",
      "a gateway's key is announced, and has not signed yet g3",
      "an agent's key is revoked home a1",
      "an agent's key is active home a2"
    ])
  })
)
