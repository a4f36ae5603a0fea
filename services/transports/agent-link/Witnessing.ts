import { Clock, Context, Effect, FiberSet, Layer, Schedule } from "effect"
import { witnessName } from "#domain/audit/Names.ts"
import { type NoteKey, signatureTypes } from "#domain/audit/Note.ts"
import { base64url, fromBase64url } from "#domain/Bytes.ts"
import type { AgentId } from "#domain/Ids.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { AgentReport } from "#domain/wire/Protocol.ts"
import { witnessingSince } from "#domain/wire/Versions.ts"
import { Heads } from "../../audit/Heads.ts"
import { Proofs } from "../../audit/Proofs.ts"
import { Witnesses } from "../../audit/Witnesses.ts"
import { Identity } from "../../identity/Identity.ts"
import { AgentsHeard } from "./AgentsHeard.ts"
import { AgentCommands, notice } from "./Commands.ts"

/** No more are shown: the agents of one log are few. */
const mostOthers = 64

type Told = Extract<AgentReport, { kind: "cosigned" | "head_refused" }>

/** What is not answered is asked again. */
const validMillis = 60_000
const patience = "5 seconds"

export interface Options {
  readonly everyMillis: number
}

/** Shows each agent the newest head of the audit tree when it has grown, and takes what it says of it. */
export class Witnessing extends Context.Service<
  Witnessing,
  {
    /** `keyId`: the key that signed the report. Answers why it is not believed. */
    readonly take: (agent: AgentId, keyId: string, told: Told) => Effect.Effect<string | undefined>
  }
>()("homing/services/transports/agent-link/Witnessing") {}

export const layer = ({ everyMillis }: Options = { everyMillis: 60_000 }) =>
  Layer.effect(
    Witnessing,
    Effect.gen(function* () {
      const commands = yield* AgentCommands
      const crypto = yield* Crypto
      const heads = yield* Heads
      const heard = yield* AgentsHeard
      const identity = yield* Identity
      const proofs = yield* Proofs
      const witnesses = yield* Witnesses
      const run = yield* FiberSet.makeRuntime<never>()

      const keyOf = (agent: AgentId, signing: string): NoteKey => ({
        name: witnessName(heads.origin(), agent),
        type: signatureTypes.cosignature,
        publicKey: fromBase64url(signing)
      })
      /** What another one cosigned last, and the way from there to this size. */
      const beside = Effect.fnUntraced(function* (other: AgentId, cosigned: number, size: number) {
        for (const { signing } of identity.known().state.agents.get(other)?.values() ?? []) {
          const note = yield* heads.cosignedBy(cosigned, keyOf(other, signing))
          if (note === undefined) continue
          const path = cosigned < size ? yield* proofs.consistency(cosigned, size) : []
          return [{ publicKey: signing, note, path: path.map(base64url) }]
        }
        return []
      })

      const show = Effect.fnUntraced(function* (agent: AgentId) {
        if (heard.last(agent) === undefined || heard.version(agent) < witnessingSince) return
        const all = yield* witnesses.all
        const state = all.get(agent)
        const { head, note } = yield* heads.newest
        const from = state?.size ?? 0
        if (from === head.size && state?.cosignedAt !== undefined && state.contradiction === undefined) return
        const path = from > 0 && from < head.size ? yield* proofs.consistency(from, head.size) : []
        const theirs = yield* Effect.forEach(
          [...all].filter(
            ([other, { cosignedAt, size }]) => other !== agent && cosignedAt !== undefined && size <= head.size
          ),
          ([other, { size }]) => beside(other, size, head.size)
        )
        const others = theirs.flat().slice(0, mostOthers)
        const millis = yield* Clock.currentTimeMillis
        const command = {
          kind: "witness",
          note,
          from,
          path: path.map(base64url),
          ...(others.length > 0 && { others })
        } as const
        yield* commands.issue(agent, [notice(crypto, millis, validMillis, command)])
      })
      /**
       * What hinders it is told by whoever signs or reads; it is asked again. The command of one that takes none may wait for
       * room: the others do not wait with it.
       */
      const ask = (agent: AgentId) => Effect.ignore(Effect.timeout(show(agent), patience))
      const askAll = Effect.suspend(() =>
        Effect.forEach([...identity.known().trusted.keys()], ask, { concurrency: 8, discard: true })
      )
      yield* Effect.forkScoped(
        Effect.delay(Effect.repeat(askAll, Schedule.spaced(everyMillis)), Math.min(everyMillis, 7_000))
      )

      const taken = Effect.fnUntraced(function* (agent: AgentId, keyId: string, told: Told) {
        if (told.kind === "head_refused") {
          const isBelieved = yield* witnesses.refused(agent, told)
          if (isBelieved && told.reason === "behind") run(ask(agent))
          return isBelieved ? undefined : "foreign_head"
        }
        const key = identity.known().state.agents.get(agent)?.get(keyId)
        if (key === undefined) return "unknown_key"
        return (yield* witnesses.cosigned(agent, fromBase64url(key.signing), told)) ? undefined : "no_cosignature"
      })
      return {
        take: (agent, keyId, told) => Effect.catch(taken(agent, keyId, told), () => Effect.as(Effect.void, undefined)) // it is asked again
      }
    })
  )
