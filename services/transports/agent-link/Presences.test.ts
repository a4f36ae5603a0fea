import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { Lid, type Person } from "#domain/inbound/Heard.ts"
import type { Presence } from "#domain/inbound/Presence.ts"
import type { Header } from "#domain/wire/Envelope.ts"
import { type AgentReport, box } from "#domain/wire/Protocol.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { at, device, foreign, headerOf, refusals, reporting, reportKey } from "../../testing/ReportingFixture.ts"

const sender: Person = { kind: "person", lid: Lid.make("900002") }
const presenceOf = (header: Header, state: Presence["state"], when = at) =>
  ({
    kind: "presence",
    at: when,
    box: box(crypto, reportKey, header, { chat: sender, sender, state })
  }) satisfies AgentReport

it.live("how somebody is seen by an agent's own device is shown while it is new, and never recorded", () =>
  Effect.gen(function* () {
    const { acknowledged, presences, recorded, tell } = yield* reporting()
    const shown: Array<string> = []
    yield* presences.shown.pipe(
      Stream.runForEach(({ event }) => Effect.sync(() => void shown.push(JSON.parse(event).data.state))),
      Effect.forkScoped({ startImmediately: true })
    )
    const before = yield* recorded("device", device)
    const said = (n: number, over: Partial<Header> = {}) => headerOf(n, { direction: "homing/report/3", ...over })
    yield* tell(presenceOf(said(1), "typing"), said(1))
    const other = said(2, { device: foreign })
    const refused = refusals("other_agent")
    yield* tell(presenceOf(other, "online"), other)
    assert.strictEqual(refusals("other_agent"), refused + 1)
    yield* tell(presenceOf(said(3), "recording", fromMillis(Date.now() - 120_000)), said(3))
    yield* tell(presenceOf(said(4), "offline"), said(4))
    assert.deepStrictEqual(shown, ["typing", "offline"])
    assert.deepStrictEqual([yield* recorded("device", device), acknowledged()], [before, []])
  })
)
