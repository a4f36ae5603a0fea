import { Clock, Context, Effect, Layer, Semaphore, type Stream } from "effect"
import { fromBase64url, lengthPrefixed } from "#domain/Bytes.ts"
import * as Clocks from "#domain/Clocks.ts"
import { fold } from "#domain/Decider.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import type { AgentId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import {
  LogIdentity,
  type LogIdentityCommand,
  type LogIdentityRejected,
  streamId
} from "#domain/identity/LogIdentity.ts"
import { gatewayKeyState, type LogIdentityState } from "#domain/identity/LogIdentityState.ts"
import { type AgentOffer, epochOf, type GatewayPin, type PublicKeys } from "#domain/identity/Trust.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore, type EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import type { SecretVaultUnavailable } from "#domain/ports/SecretVault.ts"
import type { Actor } from "#domain/Recorded.ts"
import { agreementInfo } from "#domain/wire/Keys.ts"
import { SpokenVersions } from "#domain/wire/Versions.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import { Provenance } from "../runtime/Provenance.ts"
import * as Subscription from "../runtime/Subscription.ts"
import * as Watched from "../runtime/Watched.ts"
import { type AgentTrust, trustOf } from "./AgentTrust.ts"
import * as GatewayKeys from "./GatewayKeys.ts"
import { Adopting, NotThisLogs, Shared } from "./Installation.ts"
import { tellKeyChanges } from "./KeyChanges.ts"
import { pinOf } from "./Pins.ts"
import { KeyInUse, KeyRevoked, KeyUnknown, KeyUnusable, rejecting } from "./Rejections.ts"
import * as Signers from "./Signers.ts"

type Opened = Extract<LogIdentityState, { _tag: "Open" }>

/** What is known of identities now. */
export interface Known {
  readonly state: Opened
  /** Of the identity's stream: grows with each event. */
  readonly revision: number
  /** The gateway's keys that this process holds, oldest first, whatever became of them. */
  readonly own: ReadonlyArray<GatewayKeys.GatewayKey>
  readonly trusted: ReadonlyMap<AgentId, AgentTrust>
}

/** Who this log is and whose signatures it trusts, as recorded in the log itself, by whichever gateway. */
export class Identity extends Context.Service<
  Identity,
  {
    /** The log's id and epoch when this process began, as they stand in envelopes, cursors and the agent's ledger. */
    readonly epoch: string
    readonly known: () => Known
    /** What is known now, and again after each change. */
    readonly changes: Stream.Stream<Known>
    /** The key that signs now; none when every one that is here was revoked, or is out of its time. */
    readonly signer: () => Signers.Signer | undefined
    readonly signs: () => boolean
    /** The oldest that is still taken: also an agent that slept through a rotation believes it what came after. */
    readonly announcer: () => Signers.Signer | undefined
    /** Of an agent that is enrolled. */
    readonly agent: (agent: AgentId) => AgentTrust | undefined
    /** What an enrolled agent shall believe. */
    readonly pin: (agent: AgentId) => Effect.Effect<GatewayPin | undefined>
    /** Records the agent's public keys, and answers what it shall believe; the same again records nothing. */
    readonly enrol: (
      offer: AgentOffer,
      by?: Actor
    ) => Effect.Effect<GatewayPin, KeyUnusable | KeyRevoked | EventStoreUnavailable>
    readonly revokeAgentKey: (
      agent: AgentId,
      keyId: string,
      by?: Actor
    ) => Effect.Effect<void, KeyUnknown | EventStoreUnavailable>
    /** Makes the gateway's next key, if there is none: agents hear of it, and it signs nothing yet. */
    readonly prepareKey: (by?: Actor) => Effect.Effect<PublicKeys, EventStoreUnavailable | SecretVaultUnavailable>
    /** This key signs from now on; what the one before signed is taken for `overlapMillis`. */
    readonly activateKey: (
      keyId: string,
      overlapMillis: number,
      by?: Actor
    ) => Effect.Effect<void, KeyUnknown | KeyRevoked | EventStoreUnavailable>
    readonly revokeKey: (
      keyId: string,
      by?: Actor
    ) => Effect.Effect<void, KeyUnknown | KeyInUse | EventStoreUnavailable>
    /** After the log was restored from a copy, while no gateway runs. Answers the new id and epoch. */
    readonly raiseEpoch: Effect.Effect<string, LogIdentityRejected | EventStoreUnavailable>
  }
>()("homing/services/identity/Identity") {}

/** Reports are valid for this long, and commands for less: longer than what is under way is no use. */
const overlapMillis = 30 * 24 * 3_600_000

const gatewayActor: Actor = { kind: "gateway", id: "gateway" }

export const layer = Layer.effect(
  Identity,
  Effect.gen(function* () {
    const wall = yield* Clocks.wall
    const crypto = yield* Crypto
    const store = yield* EventStore
    const { pepper, tenant } = yield* Provenance
    const adopt = yield* Adopting
    const fingerprint = crypto.mac(pepper, lengthPrefixed("homing/pepper/1"), "base64url")
    const installation = { pepper: fingerprint, shared: yield* Shared }
    const { newest: protocol } = yield* SpokenVersions
    const actors = yield* AggregateActors.make(LogIdentity)
    const keys = yield* GatewayKeys.make
    const held = yield* Signers.holding(keys)
    const now = () => fromMillis(wall())

    const tell = Effect.fnUntraced(function* (command: LogIdentityCommand, by?: Actor) {
      const origin = { actor: by ?? gatewayActor, correlationId: "store", causationId: by?.id ?? "start" }
      const { revision, state } = yield* actors.execute(streamId, () => command, origin)
      if (state._tag === "Nothing") return yield* Effect.die("the store's identity is missing after it was recorded")
      return { revision, state }
    })
    const overlapFrom = (millis: number) => fromMillis(millis + overlapMillis)

    const learn = Effect.fnUntraced(function* (revision: number, state: Opened) {
      const own = yield* held(state)
      const trusted = new Map<AgentId, AgentTrust>()
      for (const [agent, recorded] of state.agents) {
        // one agent's keys that cannot be used are no reason to hear nothing of the others'
        const trust = yield* Effect.try(() => trustOf(crypto, own, agent, recorded)).pipe(
          Effect.catch((cause) =>
            Effect.logError("an agent's keys cannot be used; it is not trusted", { agent }, cause)
          )
        )
        if (trust) trusted.set(agent, trust)
      }
      const known: Known = { state, revision, own, trusted }
      const signs = Signers.signing(known, now())
      if (signs === undefined) yield* Effect.logError("no key of the gateway is taken any more: nothing is signed")
      else if (signs.keyId !== state.active)
        yield* Effect.logError("the secrets of the gateway's active key are not here; the one before signs")
      return known
    })

    const begin = Effect.gen(function* () {
      const millis = yield* Clock.currentTimeMillis
      yield* tell({ _tag: "Open", opened: { store: uuidV7(crypto, millis), epoch: 1 } })
      const { revision, state } = yield* tell({ _tag: "RecordInstallation", installation, adopt }).pipe(
        Effect.catchTag("LogIdentityRejected", (refused) => {
          const { reason } = refused
          return Effect.fail(
            reason === "other_pepper" || reason === "not_shared" ? new NotThisLogs({ reason }) : refused
          )
        })
      )
      const { gatewayKeys } = state
      if (Signers.signing({ state, own: yield* held(state) }, now())) return yield* learn(revision, state)
      if (gatewayKeys.size > 0 && !adopt) return yield* new NotThisLogs({ reason: "no_gateway_key" })
      const own = yield* keys.obtain(1)
      const { public: key } = gatewayKeys.has(own.public.keyId) ? yield* keys.obtain(gatewayKeys.size + 1) : own
      yield* tell({ _tag: "AddGatewayKey", key })
      const activated = { keyId: key.keyId, overlapUntil: overlapFrom(millis) }
      const begun = yield* tell({ _tag: "ActivateGatewayKey", activated })
      return yield* learn(begun.revision, begun.state)
    })
    const head = yield* store.head // before anything is known: what others record meanwhile is heard
    const first = yield* begin
    const watched = yield* Watched.make(first)
    const epoch = epochOf(first.state)
    let raisedTo = 0

    /** In turn: secrets are read meanwhile, and what was told first is not learnt over what was told since. */
    const inTurn = (yield* Semaphore.make(1)).withPermits(1)
    const update = Effect.fnUntraced(function* (told: { readonly revision: number; readonly state: Opened }) {
      if (told.revision <= watched.now().revision) return
      const known = yield* Effect.orDie(learn(told.revision, told.state))
      const { installation: common } = told.state
      if (common?.pepper !== installation.pepper || (common.shared && !installation.shared)) {
        yield* Effect.logError("the log has another pepper now, or is shared by gateways: end this one")
      }
      if (told.state.epoch > raisedTo && epochOf(told.state) !== epoch) {
        yield* Effect.logError("the log's epoch was raised while this gateway runs: start it again")
      }
      yield* tellKeyChanges(watched.now().state, told.state, now())
      yield* watched.set(known)
    }, inTurn)
    const change = (command: LogIdentityCommand, by?: Actor) => Effect.tap(tell(command, by), update)

    /** Also what other gateways record. */
    const follow = Subscription.follow({
      name: "identity",
      categories: ["store"],
      after: head,
      handle: () =>
        Effect.flatMap(store.read(streamId), (recorded) => {
          const state = fold(LogIdentity, recorded.map(LogIdentity.read))
          return state._tag === "Nothing" ? Effect.void : update({ revision: recorded.length - 1, state })
        })
    })
    yield* Effect.forkScoped(follow)

    const known = watched.now
    const pin = (agent: AgentId) =>
      Effect.map(Clock.currentTimeMillis, (now) => pinOf(known().state, known().revision, tenant, agent, protocol, now))

    /** A point of low order agrees on nothing. */
    const agrees = ({ agent, agreement }: AgentOffer) =>
      Effect.try({
        try: () => crypto.agree(known().own[0]!.agreement, fromBase64url(agreement), agreementInfo("commands", agent)),
        catch: () => new KeyUnusable()
      })

    return {
      epoch,
      known,
      changes: watched.changes,
      signer: () => Signers.signing(known(), now()),
      signs: () => Signers.signing(known(), now()) !== undefined,
      announcer: () => Signers.announcing(known(), now()),
      agent: (agent) => known().trusted.get(agent),
      pin,
      enrol: Effect.fnUntraced(
        function* (offer, by) {
          yield* agrees(offer)
          const overlapUntil = overlapFrom(yield* Clock.currentTimeMillis)
          yield* change({ _tag: "EnrolAgent", agent: { ...offer, overlapUntil } }, by)
          return (yield* pin(offer.agent))!
        },
        rejecting({ key_revoked: () => new KeyRevoked() })
      ),
      revokeAgentKey: (agent, keyId, by) =>
        change({ _tag: "RevokeAgentKey", revoked: { agent, keyId } }, by).pipe(
          rejecting({ no_such_key: () => new KeyUnknown() })
        ),
      prepareKey: Effect.fnUntraced(function* (by) {
        const { state } = known()
        const next = [...state.gatewayKeys].find(([id, key]) => gatewayKeyState(state, id, key) === "next")
        if (next !== undefined) return { keyId: next[0], signing: next[1].signing, agreement: next[1].agreement }
        const { public: key } = yield* keys.obtain(state.gatewayKeys.size + 1)
        yield* change({ _tag: "AddGatewayKey", key }, by)
        return key
      }, rejecting({})),
      activateKey: Effect.fnUntraced(
        function* (keyId, overlap, by) {
          const overlapUntil = fromMillis((yield* Clock.currentTimeMillis) + overlap)
          yield* change({ _tag: "ActivateGatewayKey", activated: { keyId, overlapUntil } }, by)
        },
        rejecting({ no_such_key: () => new KeyUnknown(), key_revoked: () => new KeyRevoked() })
      ),
      raiseEpoch: Effect.map(
        Effect.suspend(() => {
          raisedTo = known().state.epoch + 1
          return tell({ _tag: "RaiseEpoch", epoch: raisedTo })
        }),
        ({ state }) => epochOf(state)
      ),
      revokeKey: (keyId, by) =>
        change({ _tag: "RevokeGatewayKey", keyId }, by).pipe(
          rejecting({ no_such_key: () => new KeyUnknown(), key_active: () => new KeyInUse() })
        )
    }
  })
)
