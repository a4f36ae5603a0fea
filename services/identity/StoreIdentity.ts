import { Context, Effect, Layer, Redacted } from "effect"
import { base64url, fromBase64url, hex } from "#domain/Bytes.ts"
import { uuidV7 } from "#domain/Identifiers.ts"
import type { AgentId } from "#domain/Ids.ts"
import { type CipherKey, Crypto, type SigningKey, type VerifyingKey } from "#domain/ports/Crypto.ts"
import { SecretVault } from "#domain/ports/SecretVault.ts"
import { readStoreEvent, Store, type StoreCommand, type StoreState, streamId } from "#domain/store/Store.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"
import type { Origin } from "../runtime/Provenance.ts"

/** Public halves, base64url. What each side pins of the other. */
export interface PublicIdentity {
  readonly keyId: string
  readonly signing: string
  readonly agreement: string
}

/** What the gateway needs to talk with one agent. */
export interface AgentTrust {
  readonly agent: AgentId
  readonly verifyingKey: (keyId: string) => VerifyingKey | undefined
  readonly commandKey: CipherKey
  readonly reportKey: CipherKey
}

/** Who this log is and whose signatures it trusts, as recorded in the log itself. */
export class StoreIdentity extends Context.Service<
  StoreIdentity,
  {
    /** The log's id and epoch, as they stand in envelopes, cursors and the agent's ledger. */
    readonly epoch: string
    readonly gateway: PublicIdentity & { readonly signingKey: SigningKey }
    /** Records the agent's public keys; the same again records nothing. */
    readonly enrol: (agent: AgentId, keys: PublicIdentity) => Effect.Effect<AgentTrust>
    /** Of an agent that was enrolled in this process's time or before. */
    readonly agent: (agent: AgentId) => AgentTrust | undefined
  }
>()("homing/services/identity/StoreIdentity") {}

/** The info string that binds an agreed key to one lane of one agent. Both sides derive it. */
export const agreementInfo = (kind: "commands" | "reports", agent: AgentId) => `homing/wire/1 ${kind} ${agent}`

/** A key's id: the start of its digest, so that no two keys share one and nobody has to number them. */
export const keyIdOf = (crypto: Crypto["Service"], signing: Uint8Array) => hex(crypto.sha256(signing).subarray(0, 8))

const origin: Origin = { actor: { kind: "gateway", id: "gateway" }, correlationId: "store", causationId: "start" }

export const layer = Layer.effect(
  StoreIdentity,
  Effect.gen(function* () {
    const crypto = yield* Crypto
    const vault = yield* SecretVault
    const actors = yield* AggregateActors.make({ decider: Store, read: readStoreEvent })

    const signing = crypto.signingKey(Redacted.value(yield* vault.obtain("gateway-signing")))
    const agreement = crypto.agreementKey(Redacted.value(yield* vault.obtain("gateway-agreement")))
    const keyId = keyIdOf(crypto, signing.publicKey)
    const gateway = { keyId, signing: base64url(signing.publicKey), agreement: base64url(agreement.publicKey) }

    const tell = (command: StoreCommand) =>
      Effect.map(
        actors.execute(streamId, () => command, origin),
        (outcome) => outcome.state
      )

    yield* tell({ _tag: "Open", opened: { store: uuidV7(crypto, Date.now()), epoch: 1 } })
    const opened = yield* tell({ _tag: "AddGatewayKey", key: gateway })
    if (opened._tag === "Nothing") return yield* Effect.die("the store's identity is missing after it was recorded")
    const epoch = `${opened.store}:${opened.epoch}`

    const trusted = new Map<AgentId, AgentTrust>()
    const trust = (state: StoreState, agent: AgentId): AgentTrust | undefined => {
      const keys = state._tag === "Open" ? state.agents.get(agent) : undefined
      const latest = keys && [...keys.values()].at(-1)
      if (keys === undefined || latest === undefined) return undefined
      const verifying = new Map([...keys].map(([id, key]) => [id, crypto.verifyingKey(fromBase64url(key.signing))]))
      const theirs = fromBase64url(latest.agreement)
      const found: AgentTrust = {
        agent,
        verifyingKey: (id) => verifying.get(id),
        commandKey: crypto.agree(agreement.key, theirs, agreementInfo("commands", agent)),
        reportKey: crypto.agree(agreement.key, theirs, agreementInfo("reports", agent))
      }
      trusted.set(agent, found)
      return found
    }
    for (const agent of opened.agents.keys()) trust(opened, agent)

    return {
      epoch,
      gateway: { ...gateway, signingKey: signing.key },
      agent: (agent) => trusted.get(agent),
      enrol: (agent, keys) =>
        tell({ _tag: "EnrolAgent", agent: { agent, ...keys } }).pipe(
          Effect.map((state) => trust(state, agent)!),
          Effect.orDie
        )
    }
  })
)
