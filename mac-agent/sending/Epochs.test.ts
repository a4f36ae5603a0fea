import { assert, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import { newEntry } from "#infra/ledger/contract/Fixtures.ts"
import { connect, device, makeGateway, sendOf, start, startAgent, waMessageIdOf } from "../testing/AgentFixture.ts"
import { stateIn } from "../testing/LedgerFixture.ts"
import { until } from "../testing/Turns.ts"

const at = fromMillis(start)

it.effect("a word on a message of an earlier epoch says nothing of the one that has its place now", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    const held = yield* Deferred.make<SendOutcome>()
    const { ledger, sent, steps, tell } = yield* startAgent(gateway, { outcome: () => Deferred.await(held) })
    yield* connect(gateway, device)
    const waMessageId = waMessageIdOf(77)
    yield* ledger.accept([newEntry("store:0", { position: 1n, device, waMessageId, state: "acked", acceptedAt: at })])
    yield* gateway.issue(sendOf(1))
    yield* until("it is under way", () => sent.length === 1)
    yield* tell({ _tag: "Receipt", device, waMessageId, kind: "read", at })
    yield* until("the word is written down", () => steps.includes("agent.settled"))
    yield* Deferred.succeed(held, { _tag: "Acked", at })
    yield* until("its acknowledgement is told", () => gateway.claims(1).length > 0)
    assert.deepStrictEqual(gateway.claims(1), ["sent"])
    assert.strictEqual(yield* stateIn(ledger, waMessageIdOf(1)), "acked")
  })
)
