import { Context } from "effect"

/** The moments of a message's journey at which a crash tells something about the order of writes. */
export const steps = [
  "gateway.queued",
  "gateway.issued",
  "gateway.custody",
  "gateway.report-received",
  "gateway.report-recorded",
  "gateway.acknowledgement-issued",
  "agent.received",
  "agent.attempting",
  "agent.sent",
  "agent.settled",
  "agent.reported",
  "agent.acknowledged"
] as const
export type Step = (typeof steps)[number]

/** Called as each step is passed. Nobody listens, except a crash test. */
export const Steps = Context.Reference<(step: Step) => void>("homing/domain/ports/Steps", {
  defaultValue: () => () => {}
})
