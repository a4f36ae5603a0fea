import { Clock, Context, Effect, Layer, Option, Schema } from "effect"
import { witnessName } from "#domain/audit/Names.ts"
import { signatureTypes } from "#domain/audit/Note.ts"
import { openHead, type SignedHead } from "#domain/audit/TreeHead.ts"
import { AgentId } from "#domain/Ids.ts"
import { fromMillis, Instant, toMillis } from "#domain/Instant.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { observe } from "../telemetry/Metrics.ts"
import { readable, type ViewsUnavailable } from "../views/Views.ts"
import { Heads } from "./Heads.ts"
import * as WitnessRows from "./WitnessRows.ts"

const Contradiction = Schema.Struct({
  reason: Schema.Literals(["forked", "rolled_back", "alone"]),
  at: Instant,
  /** Notes that this log's keys signed, both of them; of `alone`, what another witness cosigned last. */
  offered: Schema.String,
  cosigned: Schema.String
})
/** How a witness stands to the log. */
const State = Schema.Struct({
  /** Of the newest head that it cosigned, as it says. */
  size: Schema.Natural,
  cosignedAt: Schema.optionalKey(Instant),
  contradiction: Schema.optionalKey(Contradiction)
})
export type WitnessState = typeof State.Type
const encode = Schema.encodeSync(Schema.fromJsonString(State))
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(State))
const isAgentId = Schema.is(AgentId)

type Reason = (typeof Contradiction.Type)["reason"] | "behind" | "older"

export type WitnessWarning = "audit_witness_refused"

/** What the witnesses of the log have said: who cosigned what, and who was shown two histories. */
export class Witnesses extends Context.Service<
  Witnesses,
  {
    /** As all gateways know it. */
    readonly all: Effect.Effect<ReadonlyMap<AgentId, WitnessState>, ViewsUnavailable>
    /** Takes an agent's cosignature, under the key that signed its report; answers whether it was one. */
    readonly cosigned: (
      agent: AgentId,
      publicKey: Uint8Array,
      told: { readonly size: number; readonly line: string }
    ) => Effect.Effect<boolean, ViewsUnavailable>
    /** An agent cosigns no such head. Answers whether both notes are the log's: else nothing is believed of it. */
    readonly refused: (
      agent: AgentId,
      told: { readonly reason: Reason; readonly offered: string; readonly believed: string }
    ) => Effect.Effect<boolean, ViewsUnavailable>
    readonly warnings: () => ReadonlyArray<WitnessWarning>
  }
>()("homing/services/audit/Witnesses") {}

const named = ({ head }: SignedHead) => `${head.size} ${head.root.toBase64()}`

export const layer = Layer.effect(
  Witnesses,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const heads = yield* Heads
    const rows = yield* WitnessRows.make

    const read = Effect.gen(function* () {
      const found = new Map<AgentId, WitnessState>()
      for (const { agent, state } of yield* rows.all) {
        const read = decode(state)
        if (isAgentId(agent) && Option.isSome(read)) found.set(agent, read.value)
      }
      return found
    })
    /** As this gateway knows it, for what is asked at once. */
    let known: ReadonlyMap<AgentId, WitnessState> = yield* read
    const all = Effect.tap(read, (found) =>
      Effect.sync(() => {
        known = found
      })
    )
    const keep = Effect.fnUntraced(function* (agent: AgentId, state: WitnessState) {
      yield* rows.keep(agent, encode(state))
      known = new Map([...known, [agent, state]])
    })
    const contradicted = () => [...known.values()].filter(({ contradiction }) => contradiction !== undefined)
    observe(
      "homing_audit_witnesses_refusing",
      "Witnesses that were shown two histories of the log.",
      () => contradicted().length
    )
    observe("homing_audit_cosigned_timestamp_seconds", "When a witness last cosigned a head of the log.", () =>
      [...known.values()].reduce((last, { cosignedAt }) => {
        return cosignedAt === undefined ? last : Math.max(last, toMillis(cosignedAt) / 1_000)
      }, 0)
    )

    return {
      all: readable(all),
      cosigned: Effect.fnUntraced(function* (agent, publicKey, { line, size }) {
        const name = witnessName(heads.origin(), agent)
        if (!(yield* heads.cosigned(size, { name, type: signatureTypes.cosignature, publicKey }, line))) return false
        const at = fromMillis(yield* Clock.currentTimeMillis)
        yield* readable(keep(agent, { size, cosignedAt: at }))
        return true
      }),
      refused: Effect.fnUntraced(function* (agent, told) {
        const open = (note: string) => openHead(crypto, note, heads.origin(), heads.keys())
        const [believed, offered] = [yield* open(told.believed), yield* open(told.offered)]
        if (believed === undefined || offered === undefined) return false
        const before = (yield* read).get(agent)
        const { reason } = told
        if (reason === "behind" || reason === "older") {
          yield* keep(agent, { ...before, size: believed.head.size })
          return true
        }
        const at = fromMillis(yield* Clock.currentTimeMillis)
        const contradiction = { reason, at, offered: told.offered, cosigned: told.believed }
        // what is believed may be what another witness cosigned
        yield* keep(agent, { size: believed.head.size, ...before, contradiction })
        if (before?.contradiction === undefined) {
          const words =
            reason === "alone"
              ? "a witness cosigns nothing more: another one has been silent for a day"
              : "a witness was shown two histories of the log"
          yield* Effect.logError(words, {
            agent,
            contradiction: reason,
            cosigned: named(believed),
            offered: named(offered)
          })
        }
        return true
      }, readable),
      warnings: () => (contradicted().length === 0 ? [] : ["audit_witness_refused"])
    }
  })
)
