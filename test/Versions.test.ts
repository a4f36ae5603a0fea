import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { fromBase64url } from "#domain/Bytes.ts"
import { decodeSigned } from "#domain/wire/Envelope.ts"
import { AgentCommand, AgentReport } from "#domain/wire/Protocol.ts"
import { SpokenVersions, version1, version2, version3, version4, version5 } from "#domain/wire/Versions.ts"
import { ownNumber } from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { bus, enrolled, sends, startAgent, startGateway } from "./Apart.ts"
import { connectedDevice, eventually, folder, type Homing, life } from "./Homing.ts"

const farewell = Schema.Struct({ kind: Schema.Literal("farewell") })
/** A version that a later release may add: it has a word more in each direction. */
const version6 = version5.next({
  commands: Schema.Union([...AgentCommand.members, farewell]),
  reports: Schema.Union([...AgentReport.members, farewell])
})
const programs = [version1, version2, version3, version4, version5, version6] as unknown as ReadonlyArray<
  typeof version5
>
/** As a program behaves that knows no newer version than this. */
const speaking = (version: number) => Effect.provideService(SpokenVersions, programs[version - 1]!)

const scene = Effect.fnUntraced(function* (gatewayVersion: number, agentVersion: number) {
  const lane = yield* bus
  const root = yield* folder
  const path = join(root, "agent")
  const one = yield* life
  const gateway = yield* speaking(gatewayVersion)(one.during(startGateway(join(root, "gateway"), lane)))
  const pin = yield* speaking(agentVersion)(enrolled(gateway, path))
  assert.strictEqual(pin.protocol, gatewayVersion)
  const two = yield* life
  yield* speaking(agentVersion)(two.during(startAgent(path, lane)))
  const device = yield* connectedDevice(gateway)
  /** Both end; what is started again speaks these. */
  const exchange = Effect.fnUntraced(function* (newGateway: number, newAgent: number) {
    yield* two.end
    yield* one.end
    const again = yield* speaking(newGateway)(startGateway(join(root, "gateway"), lane))
    yield* speaking(newAgent)(startAgent(path, lane))
    return again
  })
  return { gateway, device, exchange }
})

const numberOf = (gateway: Homing, device: string) =>
  Effect.map(gateway.call("GET", `/v1/devices/${device}`), ({ body }) => body.number)

const agentOf = ({ call }: Homing) => Effect.map(call("GET", "/v1/agents"), ({ body }) => body.items[0])

/** The version in which the agent reported that this message was sent. */
const versionOf = Effect.fnUntraced(function* (gateway: Homing, device: string, words: string) {
  const { id, status } = yield* sends(gateway, device, words)
  assert.strictEqual(status, "sent")
  const { body } = yield* gateway.call("GET", `/v1/messages/${id}/events`)
  const { evidence } = body.items.at(-1)
  const signed = fromBase64url(evidence)
  for (let at = 73; at < signed.length; at += 32) {
    const read = decodeSigned(signed.subarray(at)) // behind the proof, however long it is
    if (read !== undefined) return read.header.direction
  }
  return undefined
})

let count = 0
const speaksAtLast = (gateway: Homing, device: string, direction: string) =>
  eventually(
    Effect.suspend(() => versionOf(gateway, device, `more-${++count}`)),
    (spoken) => spoken === direction
  )

describe("one version apart", () => {
  it.live("a gateway of version 2 speaks version 1 with an agent that knows no other", () =>
    Effect.gen(function* () {
      const { device, gateway } = yield* scene(2, 1)
      assert.strictEqual(yield* versionOf(gateway, device, "one"), "homing/report/1")
      const { lastHeardAt, protocol } = yield* agentOf(gateway)
      assert.deepStrictEqual([protocol, lastHeardAt], [1, null])
    })
  )

  it.live("an agent of version 2 speaks version 1 with a gateway that knows no other, by its own clock", () =>
    Effect.gen(function* () {
      const { device, gateway } = yield* scene(1, 2)
      assert.strictEqual(yield* versionOf(gateway, device, "one"), "homing/report/1")
      const { body } = yield* gateway.call("GET", "/metrics")
      assert.match(body.text, /homing_reports_refused_total\{reason="unknown_version"\} [1-9]/)
    })
  )

  it.live("a gateway of version 4 speaks version 3 with an agent that knows no other, and hears its heartbeats", () =>
    Effect.gen(function* () {
      const { device, gateway } = yield* scene(4, 3)
      yield* speaksAtLast(gateway, device, "homing/report/3")
      const { lastHeardAt, protocol } = yield* agentOf(gateway)
      assert.deepStrictEqual([protocol, typeof lastHeardAt], [3, "string"])
    })
  )

  it.live("an agent of version 4 speaks version 3 with a gateway that knows no other, and has its time from it", () =>
    Effect.gen(function* () {
      const { device, exchange, gateway } = yield* scene(3, 4)
      yield* speaksAtLast(gateway, device, "homing/report/3")
      const { lastHeardAt, protocol } = yield* agentOf(gateway)
      assert.deepStrictEqual([protocol, typeof lastHeardAt], [4, "string"])
      const newer = yield* exchange(4, 4)
      yield* speaksAtLast(newer, device, "homing/report/4")
    })
  )

  it.live("the number of an account is told as soon as both have learned version 3", () =>
    Effect.gen(function* () {
      const { device, exchange, gateway } = yield* scene(2, 3)
      yield* speaksAtLast(gateway, device, "homing/report/2")
      assert.isNull(yield* numberOf(gateway, device))
      const newer = yield* exchange(3, 3)
      assert.strictEqual(yield* eventually(numberOf(newer, device), (number) => number !== null), ownNumber)
    })
  )

  it.live("both speak version 2, and when both have learned it, without being enrolled anew", () =>
    Effect.gen(function* () {
      const { device, exchange, gateway } = yield* scene(1, 1)
      assert.strictEqual(yield* versionOf(gateway, device, "one"), "homing/report/1")
      const newer = yield* exchange(2, 2)
      yield* sends(newer, device, "two")
      yield* speaksAtLast(newer, device, "homing/report/2")
      assert.strictEqual((yield* agentOf(newer)).protocol, 2)
    })
  )
})
