import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import { statusOf } from "#domain/message/Status.ts"
import type { Ledger } from "#domain/ports/Ledger.ts"
import type { SendOutcome } from "#domain/ports/WhatsApp.ts"
import { alice, connect, device, makeGateway, sendOf, start, startAgent } from "../testing/AgentFixture.ts"
import { until } from "../testing/Turns.ts"

const acked: SendOutcome = { _tag: "Acked", at: fromMillis(start) }

/** What is durable later never becomes durable: the process was killed first. */
const killedEarly = (ledger: Ledger["Service"]): Ledger["Service"] => ({ ...ledger, changeSoon: () => Effect.void })

it.effect("an acknowledgement of a command that was issued again is not taken back by a crash", () =>
  Effect.gen(function* () {
    const gateway = yield* makeGateway
    yield* Effect.scoped(
      Effect.gen(function* () {
        const held = yield* Deferred.make<SendOutcome>()
        const { sent } = yield* startAgent(gateway, { outcome: () => Deferred.await(held), ledger: killedEarly })
        yield* connect(gateway, device)
        yield* gateway.issue(sendOf(1))
        yield* until("it is under way", () => sent.length === 1)
        yield* Fiber.join(yield* gateway.issue(sendOf(1, { header: { attempt: "2" } })))
        yield* Deferred.succeed(held, acked)
        yield* until("it is sent", () => gateway.claims(1).length > 0)
      })
    )
    yield* startAgent(gateway, { outcome: () => Effect.never })
    yield* until("the restart says what it knows", () => gateway.claims(1).length > 1)
    assert.deepStrictEqual(gateway.claims(1), ["sent", "unknown"])
    const reports = gateway
      .messageReports(1)
      .flatMap(({ header, report }) =>
        report.kind === "message" ? [{ kind: report.claim, attempt: Number(header.attempt) }] : []
      )
    assert.strictEqual(statusOf(reports, [alice]), "sent")
  })
)
