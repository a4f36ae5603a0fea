import { Context } from "effect"
import type { AgentId, TenantId } from "#domain/Ids.ts"
import type { CipherKey, SigningKey, VerifyingKey } from "#domain/ports/Crypto.ts"

/** What this agent is, and what it pinned of the gateway it belongs to: nobody else can command it. */
export class Trust extends Context.Service<
  Trust,
  {
    readonly tenant: TenantId
    readonly agent: AgentId
    /** The gateway's log, by id and epoch. */
    readonly epoch: string
    readonly gatewayKey: (keyId: string) => VerifyingKey | undefined
    readonly keyId: string
    readonly signingKey: SigningKey
    readonly commandKey: CipherKey
    readonly reportKey: CipherKey
  }
>()("homing/mac-agent/Trust") {}
