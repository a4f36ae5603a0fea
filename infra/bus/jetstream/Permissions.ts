import type { AgentId, ConsumerId } from "#domain/Ids.ts"
import { subjectOf } from "#domain/ports/CommandBus.ts"
import { events, inboxOf, placeOf } from "./Names.ts"

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
 * A service that reads what happens: takes and acknowledges events by the consumer that the gateway made for it, and sees
 * that it is there. Whoever makes consumers says where they deliver, and so could speak for the server.
 */
export const consumerPermissions = (consumer: ConsumerId): Permissions => ({
  publish: [
    `$JS.API.CONSUMER.INFO.${events.stream}.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${events.stream}.${consumer}`,
    `$JS.ACK.${events.stream}.${consumer}.>`
  ],
  subscribe: [`${inboxOf({ consumer })}.>`]
})

/**
 * The gateway's user: commands every agent, reads every agent's reports, says what happens, and makes and mends streams and
 * consumers. It speaks for no agent, and deletes no stream.
 */
export const gatewayPermissions: Permissions = {
  publish: [
    subjectOf({ kind: "commands", agent: "*" as AgentId }),
    events.subject,
    `$JS.API.STREAM.MSG.GET.${events.stream}`,
    ...["INFO", "CREATE", "UPDATE", "PURGE"].map((verb) => `$JS.API.STREAM.${verb}.*`),
    ...["INFO", "CREATE", "DELETE"].map((verb) => `$JS.API.CONSUMER.${verb}.*.*`),
    "$JS.API.CONSUMER.MSG.NEXT.*.gateway",
    "$JS.ACK.*.gateway.>"
  ],
  subscribe: [`${inboxOf("gateway")}.>`]
}
