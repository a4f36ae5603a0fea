import { type Lane, subjectOf } from "#domain/ports/CommandBus.ts"

/** Where a lane lives on the server. An agent's id is safe in all of them: a-z, 0-9 and dashes. */
export interface Place {
  readonly stream: string
  /** The one durable consumer of the stream; gateways share theirs. */
  readonly consumer: "agent" | "gateway"
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

/** Replies come to a prefix of one's own, so that the server can keep everybody else from listening there. */
export const inboxOf = (user: "gateway" | { readonly agent: string }) =>
  user === "gateway" ? "_INBOX_gateway" : `_INBOX_agent_${user.agent}`
