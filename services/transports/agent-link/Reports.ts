import { type Array, Effect, Layer, Schema, Stream } from "effect"
import * as AtOnce from "#domain/AtOnce.ts"
import * as Clocks from "#domain/Clocks.ts"
import { type AgentId, EventId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { patiently } from "#domain/Patience.ts"
import { CommandBus, type Incoming, type Lane } from "#domain/ports/CommandBus.ts"
import { Steps } from "#domain/ports/Steps.ts"
import { type Header, isAttempt } from "#domain/wire/Envelope.ts"
import type { AgentReport } from "#domain/wire/Protocol.ts"
import { type Received, type Receiver, Refused, receiving, take } from "#domain/wire/Receiving.ts"
import { tally } from "#domain/wire/Tally.ts"
import { SpokenVersions } from "#domain/wire/Versions.ts"
import type { AgentTrust } from "../../identity/AgentTrust.ts"
import { Identity } from "../../identity/Identity.ts"
import { Fitness } from "../../runtime/Fitness.ts"
import { Provenance } from "../../runtime/Provenance.ts"
import { Acknowledgements } from "./Acknowledgements.ts"
import { AgentsHeard } from "./AgentsHeard.ts"
import { Heartbeats } from "./Heartbeats.ts"
import { ReportRecords } from "./Records.ts"
import { Witnessing } from "./Witnessing.ts"

type Report = Received<AgentReport>

const isEventId = Schema.is(EventId)
const isWhole = ({ attempt, commandId }: Header) => isAttempt(attempt) && isEventId(commandId)
const refusals = tally({
  metric: "homing_reports_refused_total",
  description: "Reports that were not recorded, by reason.",
  logged: "an agent's report was refused"
})

/**
 * Takes what enrolled agents report: verifies, then parses, then records. A report is acknowledged to the bus, and to the
 * agent, when the log holds it; or when it was understood and the log never will.
 */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const acknowledgements = yield* Acknowledgements
    const bus = yield* CommandBus
    const wall = yield* Clocks.wall
    const heard = yield* AgentsHeard
    const heartbeats = yield* Heartbeats
    const identity = yield* Identity
    const records = yield* ReportRecords
    const step = yield* Steps
    const { obstacle, whileFit } = yield* Fitness
    const { tenant } = yield* Provenance
    const witnessing = yield* Witnessing
    const open = yield* receiving((yield* SpokenVersions).reports, isWhole)

    /** Nothing that can never be recorded comes again for ever: it is counted, told, and taken off the bus. */
    const refuse = (agent: AgentId, reason: string) => Effect.as(refusals.count(reason, agent, wall()), undefined)

    /**
     * Answers the name of what need not come again. An agent whose clock is wrong has to ask the time, so a heartbeat's own
     * expiry says nothing.
     */
    const follow = AtOnce.fn(function* (trust: AgentTrust, report: Report) {
      const { header, said, version } = report
      const { agent } = trust
      if (said.kind === "heartbeat") return yield* heartbeats.take(agent, header.commandId as EventId, said)
      if (header.expiresAt <= fromMillis(wall())) return yield* refuse(agent, "expired")
      heard.spoke(agent, version)
      if (said.kind === "cosigned" || said.kind === "head_refused") {
        const reason = yield* witnessing.take(agent, header.keyId, said)
        return reason === undefined ? undefined : yield* refuse(agent, reason)
      }
      step("gateway.report-received")
      const { id, recorded } = records(trust, report, said)
      yield* recorded.pipe(
        Effect.catchTags({
          Undecodable: () => refuse(agent, "undecodable"),
          MessageRejected: ({ reason }) => refuse(agent, reason),
          DeviceRejected: ({ reason }) => refuse(agent, reason),
          InboundRejected: ({ reason }) => refuse(agent, reason)
        })
      )
      step("gateway.report-recorded")
      return id
    })

    const takeOne = AtOnce.fn(function* (
      trust: AgentTrust | undefined,
      answer: Report | Refused,
      agent: AgentId,
      from: Incoming
    ) {
      const id = yield* take(
        answer,
        (report) => follow(trust!, report), // one of its keys verified it
        (reason) => refuse(agent, reason)
      )
      const awaited = !(answer instanceof Refused) && answer.said.kind === "heard"
      if (id !== undefined) acknowledgements.give(agent, [id], { awaited })
      yield* from.acknowledge
    })

    /** What the store did not take is not acknowledged: it is tried again, and the agent keeps it meanwhile. */
    const takeSurely = (trust: AgentTrust | undefined, answer: Report | Refused, agent: AgentId, from: Incoming) => {
      const once = Effect.suspend(() => takeOne(trust, answer, agent, from))
      return once.pipe(
        Effect.catchTag("EventStoreUnavailable", () => Effect.retry(once, patiently)),
        Effect.catchCause((cause) => Effect.logError("a report could not be recorded; the agent keeps it", cause))
      )
    }

    const takeAll = Effect.fnUntraced(function* (lane: Lane, incoming: Array.NonEmptyReadonlyArray<Incoming>) {
      if (obstacle() === "clock_off") return // given back shortly, to be judged by another gateway
      const { agent } = lane
      const trust = identity.agent(agent) // none when all of its keys were revoked
      const now = fromMillis(wall())
      const receiver: Receiver = {
        lane,
        tenant,
        epoch: identity.epoch,
        keyOf: (keyId) => trust?.takenKey(keyId, now)
      }
      const envelopes = incoming.map(({ bytes }) => bytes)
      const answers = yield* open(receiver, envelopes)
      yield* Effect.forEach(answers, (answer, i) => takeSurely(trust, answer, agent, incoming[i]!), {
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
    const subscribed = new Set<AgentId>()
    yield* identity.changes.pipe(
      Stream.runForEach(({ trusted }) =>
        Effect.forEach(
          [...trusted.keys()].filter((agent) => !subscribed.has(agent)),
          (agent) => {
            subscribed.add(agent)
            return Effect.forkIn(whileFit(receive(agent)), scope)
          },
          { discard: true }
        )
      ),
      Effect.forkScoped
    )
  })
)
