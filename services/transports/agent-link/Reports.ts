import { type Array, Effect, Layer, Schema, Stream } from "effect"
import * as AtOnce from "#domain/AtOnce.ts"
import * as Clocks from "#domain/Clocks.ts"
import { type AgentId, EventId } from "#domain/Ids.ts"
import { fromMillis, type Instant } from "#domain/Instant.ts"
import { NewestProtocol } from "#domain/identity/Trust.ts"
import { CommandBus, type Incoming, type Lane, subjectOf } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { EnvelopeRefused, type Verified, verifyBatch, versionOf } from "#domain/wire/Envelope.ts"
import { AgentReport, AgentReportV1, payloadReader } from "#domain/wire/Protocol.ts"
import { tally } from "#domain/wire/Tally.ts"
import type { AgentTrust } from "../../identity/AgentTrust.ts"
import { StoreIdentity } from "../../identity/StoreIdentity.ts"
import { Fitness } from "../../runtime/Fitness.ts"
import { patiently } from "../../runtime/Patience.ts"
import { Provenance } from "../../runtime/Provenance.ts"
import { Receipts } from "./Acknowledgements.ts"
import { AgentsHeard } from "./AgentsHeard.ts"
import { Heartbeats } from "./Heartbeats.ts"
import { ReportRecords } from "./Records.ts"

const isEventId = Schema.is(EventId)
const refusals = tally({
  metric: "homing_reports_refused_total",
  description: "Reports that were not recorded, by reason.",
  logged: "an agent's report was refused"
})

/**
 * Takes what enrolled agents report: verifies, then parses, then records. A report is acknowledged to the bus, and
 * receipted to the agent, when the log holds it; or when it was understood and the log never will.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* CommandBus
    const wall = yield* Clocks.wall
    const crypto = yield* Crypto
    const heard = yield* AgentsHeard
    const heartbeats = yield* Heartbeats
    const identity = yield* StoreIdentity
    const receipts = yield* Receipts
    const records = yield* ReportRecords
    const newest = yield* NewestProtocol
    const step = yield* Steps
    const { obstacle, whileFit } = yield* Fitness
    const { tenant } = yield* Provenance

    const readReport = payloadReader(newest >= 2 ? AgentReport : AgentReportV1)

    /** Why this envelope does not belong on this lane of this log. */
    const foreign = ({ header }: Verified, lane: Lane) => {
      const version = versionOf(header.direction, "report")
      if (version === undefined) return "wrong_direction"
      if (version > newest) return "unknown_version"
      if (header.tenant !== tenant) return "wrong_tenant"
      if (header.agent !== lane.agent) return "wrong_agent"
      if (header.lane !== subjectOf(lane)) return "wrong_lane"
      if (header.epoch !== identity.epoch) return "wrong_epoch"
      if (!/^\d{1,9}$/.test(header.attempt) || !isEventId(header.commandId)) return "malformed"
      return undefined
    }

    /** Nothing that can never be recorded comes again for ever: it is counted, told, and taken off the bus. */
    const refuse = (agent: AgentId, reason: string) => Effect.as(refusals.count(reason, agent, wall()), undefined)

    /**
     * Answers the name of what need not come again. An agent whose clock is wrong has to ask the time, so a heartbeat's own
     * expiry says nothing.
     */
    const answered = AtOnce.fn(function* (trust: AgentTrust, verified: Verified, now: Instant) {
      const { header, payload } = verified
      const told = yield* readReport(payload)
      if (told.kind === "heartbeat") return yield* heartbeats.take(trust.agent, header.commandId as EventId, told)
      if (header.expiresAt <= now) return yield* refuse(trust.agent, "expired")
      heard.spoke(trust.agent, versionOf(header.direction, "report")!)
      step("gateway.report-received")
      const { id, recorded } = records(trust, verified, told)
      yield* recorded.pipe(
        Effect.catchTags({
          Undecodable: () => refuse(trust.agent, "undecodable"),
          MessageRejected: ({ reason }) => refuse(trust.agent, reason),
          DeviceRejected: ({ reason }) => refuse(trust.agent, reason)
        })
      )
      step("gateway.report-recorded")
      return id
    })

    const take = AtOnce.fn(function* (
      lane: Lane,
      trust: AgentTrust | undefined,
      answer: Verified | EnvelopeRefused,
      from: Incoming
    ) {
      const { agent } = lane
      const reason = answer instanceof EnvelopeRefused ? answer.reason : foreign(answer, lane)
      if (answer instanceof EnvelopeRefused || trust === undefined) yield* refuse(agent, reason ?? "unknown_key")
      else if (reason !== undefined) yield* refuse(agent, reason)
      else {
        const id = yield* answered(trust, answer, fromMillis(wall())).pipe(
          Effect.catchTag("Undecodable", () => refuse(agent, "undecodable"))
        )
        if (id !== undefined) receipts.give(agent, [id])
      }
      yield* from.acknowledge
    })

    /** What the store did not take is not acknowledged: it is tried again, and the agent keeps it meanwhile. */
    const takeSurely = (
      lane: Lane,
      trust: AgentTrust | undefined,
      answer: Verified | EnvelopeRefused,
      from: Incoming
    ) => {
      const once = Effect.suspend(() => take(lane, trust, answer, from))
      return once.pipe(
        Effect.catchTag("EventStoreUnavailable", () => Effect.retry(once, patiently)),
        Effect.catchCause((cause) => Effect.logError("a report could not be recorded; the agent keeps it", cause))
      )
    }

    const takeAll = Effect.fnUntraced(function* (lane: Lane, incoming: Array.NonEmptyReadonlyArray<Incoming>) {
      if (obstacle() === "clock_off") return // given back shortly, to be judged by another gateway
      const trust = identity.agent(lane.agent) // none when all of its keys were revoked
      const now = fromMillis(wall())
      const envelopes = incoming.map(({ bytes }) => bytes)
      const answers = yield* verifyBatch(crypto, (keyId) => trust?.takenKey(keyId, now), envelopes)
      yield* Effect.forEach(answers, (answer, i) => takeSurely(lane, trust, answer, incoming[i]!), {
        concurrency: "unbounded",
        discard: true
      })
    })

    // Batches overlap: one stream's reports are ordered by its actor, and a status does not depend on their order.
    const receive = (agent: AgentId) => {
      const lane: Lane = { kind: "reports", agent }
      return bus.subscribe(lane).pipe(
        Stream.runForEachArray((incoming) => Effect.forkChild(takeAll(lane, incoming), { startImmediately: true })),
        Effect.retry(patiently)
      )
    }

    const scope = yield* Effect.scope
    const receiving = new Set<AgentId>()
    yield* identity.changes.pipe(
      Stream.runForEach(({ trusted }) =>
        Effect.forEach(
          [...trusted.keys()].filter((agent) => !receiving.has(agent)),
          (agent) => {
            receiving.add(agent)
            return Effect.forkIn(whileFit(receive(agent)), scope)
          },
          { discard: true }
        )
      ),
      Effect.forkScoped
    )
  })
)
