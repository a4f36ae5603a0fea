import type { AgentId, ConsumerId } from "#domain/Ids.ts"
import { type Lane, subjectOf } from "#domain/ports/CommandBus.ts"

/** Where a lane lives on the server. An agent's id is safe in all of them: a-z, 0-9 and dashes. */
export interface Place {
  readonly stream: string
  /** Gateways share theirs. Of the stream of events each service that reads it has one of its own. */
  readonly consumer: "agent" | "gateway" | ConsumerId
  readonly subject: string
}

export const placeOf = (lane: Lane): Place => ({
  stream: `${lane.kind === "commands" ? "CMD" : "EVT"}_${lane.agent}`,
  consumer: lane.kind === "commands" ? "agent" : "gateway",
  subject: subjectOf(lane)
})

/** Keeps what the server says about envelopes that were delivered too often. */
export const deadLetters = {
  stream: "DEAD",
  consumer: "gateway",
  subject: "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.*"
} as const satisfies Place

/** Keeps what happened, for other services. */
export const events = { stream: "EVENTS", subject: "homing.events.*.*.*" } as const

export const eventsFor = (consumer: ConsumerId): Place => ({ ...events, consumer })

/** Who speaks with the server. */
export type User = "gateway" | { readonly agent: AgentId } | { readonly consumer: ConsumerId }

/** Replies come to a prefix of one's own, so that the server can keep everybody else from listening there. */
export const inboxOf = (user: User) => {
  if (user === "gateway") return "_INBOX_gateway"
  return "agent" in user ? `_INBOX_agent_${user.agent}` : `_INBOX_consumer_${user.consumer}`
}
