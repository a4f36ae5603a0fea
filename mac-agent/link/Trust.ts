import { Context, Effect, Layer, Schema } from "effect"
import { originOf, witnessName } from "#domain/audit/Names.ts"
import { type NoteKey, type NoteSigner, signatureTypes } from "#domain/audit/Note.ts"
import { fromBase64url } from "#domain/Bytes.ts"
import type { AgentId, TenantId } from "#domain/Ids.ts"
import { fromMillis } from "#domain/Instant.ts"
import { epochOf, type GatewayPin, type PublicKeys } from "#domain/identity/Trust.ts"
import { type CipherKey, Crypto, type SigningKey, type VerifyingKey } from "#domain/ports/Crypto.ts"
import { PinStore, type PinStoreUnavailable } from "#domain/ports/PinStore.ts"
import { agreementInfo, type OwnKey } from "#domain/wire/Keys.ts"
import { ownKeys, refuseLost } from "./OwnKeys.ts"

/** What this agent is, and what it pinned of the gateway it belongs to: nobody else can command it. */
export class Trust extends Context.Service<
  Trust,
  {
    readonly tenant: TenantId
    readonly agent: AgentId
    /** The gateway's log, by id and epoch. Only an operator changes it: see `learn`. */
    readonly epoch: string
    /** The version of the protocol that the gateway spoke when it was pinned. */
    readonly protocol: number
    /** The agent's own key, which signs from this start to the next. */
    readonly keyId: string
    readonly signingKey: SigningKey
    /** The revision of what is pinned now. */
    readonly revision: () => number
    /** `millis`: the gateway's time. Retired keys are taken until theirs is over. */
    readonly gatewayKey: (keyId: string, millis: number) => VerifyingKey | undefined
    /** What the gateway may have encrypted a command with that is signed by this key. */
    readonly commandKeys: (keyId: string) => ReadonlyArray<CipherKey>
    readonly reportKey: () => CipherKey
    /** As whom this agent cosigns heads of the log's tree, and whose heads they are. */
    readonly witnessing: {
      readonly origin: string
      readonly logKeys: () => ReadonlyArray<NoteKey>
      readonly signer: NoteSigner
    }
    /**
     * Pins what the gateway announces, durably, if it is newer and of the same log and epoch. A restored copy of a
     * gateway has its keys too: that the epoch was raised is for an operator to say.
     */
    readonly learn: (pin: GatewayPin) => Effect.Effect<"learned" | "known" | "foreign", PinStoreUnavailable>
  }
>()("homing/mac-agent/link/Trust") {}

/** Why the agent does not start. */
export class NotTrusted extends Schema.TaggedError<NotTrusted>()("NotTrusted", { message: Schema.String }) {}

const unpinned = (agent: AgentId) =>
  new NotTrusted({
    message: `agent ${agent} trusts no gateway yet. Run \`homing agent keys\` here, \`homing agents enrol '<its line>'\` at the gateway, and \`homing agent trust '<the answer>'\` here`
  })

/** From what an operator brought; refuses to be without it. */
export const layer = (agent: AgentId) =>
  Layer.effect(
    Trust,
    Effect.gen(function* () {
      const pins = yield* PinStore
      const { generations, pin } = yield* pins.read
      if (pin === undefined) return yield* unpinned(agent)
      if (pin.agent !== agent) {
        return yield* new NotTrusted({
          message: `this folder is that of agent ${pin.agent}, not of ${agent}: set AGENT_ID to ${pin.agent}, or DATA_DIR to another folder`
        })
      }
      yield* refuseLost(generations)
      const keep = (next: GatewayPin) => pins.write({ generations, pin: next })
      return yield* make(yield* ownKeys(generations), pin, keep)
    })
  )

/** Keys that were retired signed heads that still stand. */
export const witnessingAs = (
  { agent, store }: Pick<GatewayPin, "agent" | "store">,
  own: Pick<OwnKey, "signing"> & { readonly public: Pick<PublicKeys, "signing"> },
  pin: () => Pick<GatewayPin, "gatewayKeys">
): Trust["Service"]["witnessing"] => {
  const origin = originOf(store)
  return {
    origin,
    logKeys: () =>
      pin().gatewayKeys.map(({ signing }) => ({
        name: origin,
        type: signatureTypes.ed25519,
        publicKey: fromBase64url(signing)
      })),
    signer: {
      name: witnessName(origin, agent),
      type: signatureTypes.cosignature,
      publicKey: fromBase64url(own.public.signing),
      key: own.signing
    }
  }
}

export const make = Effect.fnUntraced(function* (
  keys: ReadonlyArray<OwnKey>,
  pinned: GatewayPin,
  keep: (pin: GatewayPin) => Effect.Effect<void, PinStoreUnavailable>
) {
  const crypto = yield* Crypto
  const { agent, protocol, tenant } = pinned
  const epoch = epochOf(pinned)
  const signer = keys.findLast((key) => pinned.agentKeys.includes(key.public.keyId))
  if (signer === undefined) {
    return yield* new NotTrusted({ message: "the gateway takes none of this agent's keys: enrol it again" })
  }

  const derive = (pin: GatewayPin) => {
    const agree = (own: OwnKey, kind: "commands" | "reports", theirs: string) =>
      crypto.agree(own.agreement, fromBase64url(theirs), agreementInfo(kind, agent))
    const newestFirst = keys.toReversed()
    const gateway = new Map(
      pin.gatewayKeys.map((key) => [
        key.keyId,
        {
          verifying: crypto.verifyingKey(fromBase64url(key.signing)),
          until: key.until,
          commandKeys: newestFirst.map((own) => agree(own, "commands", key.agreement))
        }
      ])
    )
    const active = pin.gatewayKeys.find(({ state }) => state === "active") ?? pin.gatewayKeys[0]!
    return { pin, gateway, reportKey: agree(signer, "reports", active.agreement) }
  }
  let now = derive(pinned)

  return Trust.of({
    tenant,
    agent,
    epoch,
    protocol,
    keyId: signer.public.keyId,
    signingKey: signer.signing,
    revision: () => now.pin.revision,
    gatewayKey: (keyId, millis) => {
      const key = now.gateway.get(keyId)
      return key === undefined || (key.until !== undefined && key.until <= fromMillis(millis))
        ? undefined
        : key.verifying
    },
    commandKeys: (keyId) => now.gateway.get(keyId)?.commandKeys ?? [],
    reportKey: () => now.reportKey,
    witnessing: witnessingAs(pinned, signer, () => now.pin),
    learn: Effect.fnUntraced(function* (pin) {
      if (pin.tenant !== tenant || pin.agent !== agent || epochOf(pin) !== epoch) return "foreign"
      if (pin.revision <= now.pin.revision) return "known"
      const derived = derive(pin) // before it is kept: what cannot be used is not pinned
      yield* keep(pin)
      now = derived
      return "learned"
    })
  })
})
