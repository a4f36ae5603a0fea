import { Schema } from "effect"
import { AgentId, TenantId } from "../Ids.ts"
import { Instant } from "../Instant.ts"

/** What gateway and agent tell each other once, by an operator's hand, and pin: nobody else is believed afterwards. */

const KeyId = Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/u)).annotate({
  description: "The start of the digest of the public signing key."
})
const PublicKey = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{43}$/u)).annotate({
  description: "A public key: 32 raw bytes, base64url."
})
const Version = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })).annotate({
  description: "The newest version of the wire's protocol that is spoken."
})

/** `signing` is Ed25519, `agreement` X25519, `keyId` the start of the digest of `signing`. */
export const PublicKeys = Schema.Struct({ keyId: KeyId, signing: PublicKey, agreement: PublicKey })
export type PublicKeys = typeof PublicKeys.Type

/** The agent's public part: what an operator carries to the gateway. */
export const AgentOffer = Schema.Struct({
  agent: AgentId.annotate({ description: "Its AGENT_ID." }),
  ...PublicKeys.fields,
  protocol: Version,
  /** As whom it signs in at the bus: in the line that an operator carries, and in the log, by NATS's word for it. */
  busUser: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^U[A-Z2-7]{55}$/u)).annotate({ description: "As whom it signs in at NATS." })
  )
})
  .pipe(Schema.encodeKeys({ busUser: "nkey" }))
  .annotate({ identifier: "AgentOffer", description: "The agent's public part." })
export type AgentOffer = typeof AgentOffer.Type

/**
 * `active` signs. `next` will: known beforehand, so that no signature of it finds anybody unprepared. `retired` signs no
 * more; what it signed is taken until `until`. Revoked keys are not listed.
 */
const PinnedKey = Schema.Struct({
  ...PublicKeys.fields,
  state: Schema.Literals(["active", "next", "retired"]).annotate({ description: "`active` signs; `next` will." }),
  until: Schema.optionalKey(Instant.annotate({ description: "What it signed is taken until then." }))
})

const most = Schema.isMaxLength(32)

/** The gateway's public part: what an operator carries back, and what the agent believes from then on. */
export const GatewayPin = Schema.Struct({
  tenant: TenantId.annotate({ description: "Whose it is." }),
  agent: AgentId.annotate({ description: "The agent that it is for." }),
  store: Schema.String.check(Schema.isUUID()).annotate({ description: "The log's id." }),
  epoch: Schema.Natural.annotate({ description: "The log's epoch." }),
  revision: Schema.Natural.annotate({
    description: "Counts what was recorded of identities: of two pins the higher is the newer."
  }),
  protocol: Version,
  gatewayKeys: Schema.Array(PinnedKey)
    .check(Schema.isMinLength(1), most)
    .annotate({ description: "The keys that the agent is to take." }),
  agentKeys: Schema.Array(KeyId)
    .check(Schema.isMinLength(1), most)
    .annotate({ description: "Which of the agent's own keys the gateway takes, the newest last." })
}).annotate({ identifier: "GatewayPin", description: "The gateway's public part: what the agent is to trust." })
export type GatewayPin = typeof GatewayPin.Type

/** The log's id and epoch as they stand in envelopes, cursors and the agent's ledger. */
export const epochOf = ({ epoch, store }: { readonly store: string; readonly epoch: number }) => `${store}:${epoch}`
