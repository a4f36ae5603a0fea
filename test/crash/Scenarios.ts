import { type Step, steps } from "#domain/ports/Steps.ts"
import type { Options } from "./Run.ts"
import type { Sabotage } from "./Sabotage.ts"

type Scenario = Omit<Options, "seed" | "progress">

/** The system as it is, killed everywhere. */
export const everywhere: Scenario = {
  sends: 300,
  kills: 60,
  steps,
  perStep: 5,
  sabotage: undefined,
  reconciled: true,
  busMillis: 0,
  weather: [
    {},
    { ack: { lateMs: 100 } },
    { ack: { lateMs: 400 } },
    { dropsBeforeDelivery: 1 },
    { dropsAfterDelivery: 1 }
  ],
  patienceMillis: 30_000
}

/** Where the kills of a control must fall to find it. */
const aimed: Readonly<Record<Sabotage, Step>> = {
  "ledger-write": "agent.attempting",
  "dispatcher-checkpoint": "agent.received",
  "report-append": "agent.reported"
}

/**
 * A short run that must find the one write that is a step early; without `sabotage`, the same on the system as it is,
 * which must come through. The server acknowledges late. The bus is slow, so that a custody claimed too early is in the
 * checkpoint before the command is in the ledger. The reconciler is off, or it would make good what the others lose.
 */
export const control = (sabotage: Sabotage | undefined): Scenario => ({
  sends: 30,
  kills: 0,
  steps: sabotage === undefined ? Object.values(aimed) : [aimed[sabotage]],
  perStep: sabotage === undefined ? 2 : 4,
  sabotage,
  reconciled: false,
  busMillis: sabotage === undefined || sabotage === "dispatcher-checkpoint" ? 1_500 : 0,
  weather: [{ ack: { lateMs: 300 }, deliver: false }],
  patienceMillis: 6_000
})
