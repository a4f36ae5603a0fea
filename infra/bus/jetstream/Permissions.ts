import type { AgentId } from "#domain/Ids.ts"
import { subjectOf } from "#domain/ports/CommandBus.ts"
import { inboxOf, placeOf } from "./Names.ts"

/** Everything a user may do; the server refuses the rest. */
export interface Permissions {
  readonly publish: ReadonlyArray<string>
  readonly subscribe: ReadonlyArray<string>
}

/**
 * An agent's user: takes and acknowledges its own commands, stores its own reports, sees that its own consumer is there,
 * and hears what is answered to it.
 */
export const agentPermissions = (agent: AgentId): Permissions => {
  const { consumer, stream } = placeOf({ kind: "commands", agent })
  return {
    publish: [
      subjectOf({ kind: "reports", agent }),
      `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      `$JS.ACK.${stream}.${consumer}.>`
    ],
    subscribe: [`${inboxOf({ agent })}.>`]
  }
}

/**
 * The gateway's user: commands every agent, reads every agent's reports, and makes and mends streams and consumers. It
 * speaks for no agent, and deletes no stream.
 */
export const gatewayPermissions: Permissions = {
  publish: [
    subjectOf({ kind: "commands", agent: "*" as AgentId }),
    ...["INFO", "CREATE", "UPDATE", "PURGE"].map((verb) => `$JS.API.STREAM.${verb}.*`),
    ...["INFO", "CREATE", "DELETE"].map((verb) => `$JS.API.CONSUMER.${verb}.*.*`),
    "$JS.API.CONSUMER.MSG.NEXT.*.gateway",
    "$JS.ACK.*.gateway.>"
  ],
  subscribe: [`${inboxOf("gateway")}.>`]
}
