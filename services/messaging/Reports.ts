import { type Array, Clock, Effect, Layer, Stream } from "effect"
import type { AgentId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { CommandBus, type Incoming, type Lane, subjectOf } from "#domain/ports/CommandBus.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { EnvelopeRefused, type Verified, verifyBatch } from "#domain/wire/Envelope.ts"
import { AgentReport, payloadReader } from "#domain/wire/Protocol.ts"
import type { AgentTrust } from "../identity/AgentTrust.ts"
import { StoreIdentity } from "../identity/StoreIdentity.ts"
import { patiently } from "../runtime/Patience.ts"
import { Provenance } from "../runtime/Provenance.ts"
import { Receipts } from "./Receipts.ts"
import { ReportRecords } from "./ReportRecords.ts"

const readReport = payloadReader(AgentReport)

/**
 * Takes what enrolled agents report: verifies, then parses, then records. A report is acknowledged to the bus, and
 * receipted to the agent, when the log holds it.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* CommandBus
    const crypto = yield* Crypto
    const identity = yield* StoreIdentity
    const receipts = yield* Receipts
    const record = yield* ReportRecords
    const step = yield* Steps
    const { tenant } = yield* Provenance

    /** Is this envelope about this log, from this agent, on its own lane? */
    const belongs = ({ header }: Verified, lane: Lane) =>
      header.direction === "homing/report/1" &&
      header.tenant === tenant &&
      header.agent === lane.agent &&
      header.lane === subjectOf(lane) &&
      header.epoch === identity.epoch &&
      /^\d{1,9}$/.test(header.attempt)

    /** Nothing that can never be recorded comes again for ever: it is logged, and taken off the bus. */
    const refuse = (agent: AgentId, reason: string) =>
      Effect.as(Effect.logWarning("an agent's report was refused", { agent, reason }), undefined)

    const recorded = Effect.fnUntraced(function* (trust: AgentTrust, verified: Verified) {
      const told = yield* readReport(verified.payload)
      if (told.kind === "heartbeat") return undefined
      step("gateway.report-received")
      const id: EventId | undefined = yield* record(trust, verified, told)
      step("gateway.report-recorded")
      return id
    })

    const take = Effect.fnUntraced(function* (
      lane: Lane,
      trust: AgentTrust | undefined,
      answer: Verified | EnvelopeRefused,
      from: Incoming
    ) {
      const { agent } = lane
      if (answer instanceof EnvelopeRefused) yield* refuse(agent, answer.reason)
      else if (trust === undefined || !belongs(answer, lane)) yield* refuse(agent, "not_for_this_log")
      else {
        const id = yield* recorded(trust, answer).pipe(
          Effect.catchTags({
            Undecodable: () => refuse(agent, "undecodable"),
            MessageRejected: ({ reason }) => refuse(agent, reason),
            DeviceRejected: ({ reason }) => refuse(agent, reason)
          })
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
    ) =>
      take(lane, trust, answer, from).pipe(
        Effect.catchTag("EventStoreUnavailable", () => Effect.retry(take(lane, trust, answer, from), patiently)),
        Effect.catchCause((cause) => Effect.logError("a report could not be recorded; the agent keeps it", cause))
      )

    const takeAll = Effect.fnUntraced(function* (lane: Lane, incoming: Array.NonEmptyReadonlyArray<Incoming>) {
      const trust = identity.agent(lane.agent) // none when all of its keys were revoked
      const now = fromMillis(yield* Clock.currentTimeMillis)
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
            return Effect.forkIn(receive(agent), scope)
          },
          { discard: true }
        )
      ),
      Effect.forkScoped
    )
  })
)
