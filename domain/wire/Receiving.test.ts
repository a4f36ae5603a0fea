import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { utf8 } from "../Bytes.ts"
import { AgentId, defaultTenant } from "../Ids.ts"
import type { Lane } from "../ports/CommandBus.ts"
import { Crypto } from "../ports/Crypto.ts"
import { flip, keyOf, sign, unsigned } from "../testing/EnvelopeFixture.ts"
import type { Header, Unsigned } from "./Envelope.ts"
import { Undecodable } from "./Protocol.ts"
import { type Received, Refused, receiving, take } from "./Receiving.ts"
import { version2 } from "./Versions.ts"

const payload = utf8(JSON.stringify({ kind: "receipt", reports: [] }))
const lane: Lane = { kind: "commands", agent: AgentId.make("home") }
const receiver = { lane, tenant: defaultTenant, epoch: "store:0", keyOf }
const isWhole = ({ attempt }: Header) => attempt === "1"
const item = (over: Partial<Header> = {}, said = payload): Unsigned => unsigned(over, said)

const opened = Effect.fnUntraced(function* (envelopes: ReadonlyArray<Uint8Array>) {
  const open = yield* Effect.provideService(receiving(version2.commands, isWhole), Crypto, crypto)
  return yield* open(receiver, envelopes)
})
const shown = (answer: Received<unknown> | Refused) => (answer instanceof Refused ? answer.reason : "taken")

describe("what arrives", () => {
  it.effect("is taken if it belongs here, and else refused as what it is, and those behind it are not", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [Unsigned, string]> = [
        [item({ direction: "homing/report/1" }), "wrong_direction"],
        [item({ direction: "homing/command/01" }), "wrong_direction"],
        [item({ direction: "homing/command/3" }), "unknown_version"],
        [item({ tenant: "other" }), "wrong_tenant"],
        [item({ agent: "office" }), "wrong_agent"],
        [item({ lane: "homing.commands.office" }), "wrong_lane"],
        [item({ lane: "homing.reports.home" }), "wrong_lane"],
        [item({ epoch: "store:1" }), "wrong_epoch"],
        [item({ attempt: "2" }), "malformed"],
        [item({}, utf8("{")), "undecodable"],
        [item({}, utf8('{"kind":"erase"}')), "undecodable"],
        [item({}, utf8('{"kind":"receipt","reports":[],"reports":[]}')), "undecodable"],
        [item({}, utf8('{"kind":"receipt","reports":[ ]}')), "undecodable"],
        [item({ keyId: "gateway-2" }), "unknown_key"]
      ]
      const envelopes = yield* sign(wrong.flatMap(([one]) => [one, item()]))
      const expected = wrong.flatMap(([, reason]) => [reason, "taken"])
      assert.deepStrictEqual((yield* opened(envelopes)).map(shown), expected)
      const [good] = yield* sign([item()])
      const answers = yield* opened([flip(good!, good!.length - 1), good!.subarray(1), good!])
      assert.deepStrictEqual(answers.map(shown), ["bad_signature", "malformed", "taken"])
    })
  )

  it.effect("says what it says, in the version it was written in", () =>
    Effect.gen(function* () {
      const items = [item(), item({ direction: "homing/command/2" })]
      const envelopes = yield* sign(items)
      const answers = yield* opened(envelopes)
      assert.deepStrictEqual(
        answers,
        items.map(({ header }, i) => ({
          header,
          payload,
          bytes: envelopes[i]!,
          version: i + 1,
          said: { kind: "receipt" as const, reports: [] }
        }))
      )
    })
  )
})

describe("whoever takes it", () => {
  const taking = Effect.fnUntraced(function* <A, E>(
    follow: (received: Received<unknown>) => Effect.Effect<A, E | Refused | Undecodable>,
    answer?: Refused
  ) {
    const [received] = yield* Effect.flatMap(sign([item()]), opened)
    const refused: Array<string> = []
    const taken = take(answer ?? received!, follow, (reason) => Effect.sync(() => void refused.push(reason)))
    return { result: yield* Effect.result(taken), refused }
  })

  it.effect("refuses what was refused already without a look at it, and what turns out not to be followed", () =>
    Effect.gen(function* () {
      const never = () => Effect.die("followed")
      const nothing = Result.succeed(undefined)
      const because = new Refused({ reason: "expired" })
      assert.deepStrictEqual(yield* taking(never, because), { result: nothing, refused: ["expired"] })
      assert.deepStrictEqual(yield* taking(() => Effect.fail(because)), { result: nothing, refused: ["expired"] })
      const unread = Effect.andThen(Effect.yieldNow, Effect.fail(new Undecodable()))
      assert.deepStrictEqual(yield* taking(() => unread), { result: nothing, refused: ["undecodable"] })
    })
  )

  it.effect("hears what came of the others, at once or later, and of trouble that is nobody's fault", () =>
    Effect.gen(function* () {
      const done = { result: Result.succeed("done"), refused: [] }
      assert.deepStrictEqual(yield* taking(() => Effect.succeed("done")), done)
      assert.deepStrictEqual(yield* taking(() => Effect.as(Effect.yieldNow, "done")), done)
      const trouble = { result: Result.fail("unavailable"), refused: [] }
      assert.deepStrictEqual(yield* taking(() => Effect.fail("unavailable")), trouble)
    })
  )
})
