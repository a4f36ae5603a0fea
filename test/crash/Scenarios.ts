import { type Step, steps } from "#domain/ports/Steps.ts"
import { type Backbone, withOneGateway } from "./Backbones.ts"
import type { Options } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"

type Scenario = Omit<Options, "seed" | "progress" | "logLevel" | "output">

/** The product as it is, killed everywhere. */
export const everywhere = (backbone: Backbone): Scenario => ({
  backbone,
  wipeBus: false,
  sends: 300,
  kills: backbone.servers.length === 0 ? 60 : 24, // what is restarted there takes longer
  steps,
  perStep: backbone.servers.length === 0 ? 5 : 2,
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
})

/** Where the kills of a control must fall to find it: a kill of the agent alone takes nothing from the dispatcher. */
const aimed = (sabotage: Sabotage, { processes }: Backbone): Step => {
  if (sabotage === "ledger-write") return "agent.attempting"
  if (sabotage === "report-append") return "agent.reported"
  return Object.values(processes).includes("agent") ? "gateway.custody" : "agent.received"
}

/**
 * A short run that must find the one write that is a step early; without `sabotage`, the same on the system as it is,
 * which must come through. The server acknowledges late. The bus is slow, so that a custody claimed too early is in the
 * checkpoint before the command is in the ledger. The reconciler is off, or it would make good what the others lose.
 */
export const control = (sabotage: Sabotage | undefined, whole: Backbone): Scenario => ({
  backbone: withOneGateway(whole),
  wipeBus: false,
  sends: 30,
  kills: 0,
  steps: (sabotage === undefined ? sabotages : [sabotage]).map((one) => aimed(one, whole)),
  perStep: sabotage === undefined ? 2 : 4,
  sabotage,
  reconciled: false,
  busMillis: sabotage === undefined || sabotage === "dispatcher-checkpoint" ? 1_500 : 0,
  weather: [{ ack: { lateMs: 300 }, deliver: false }],
  patienceMillis: 6_000
})
