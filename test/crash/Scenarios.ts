import { type Step, steps } from "#domain/ports/Steps.ts"
import type { FaultsPatch } from "#infra/whatsapp/simulator/Faults.ts"
import { type Backbone, withOneGateway } from "./Backbones.ts"
import type { Options, Report } from "./Run.ts"
import { type Sabotage, sabotages } from "./Sabotage.ts"

type Scenario = Omit<Options, "seed" | "progress" | "logLevel" | "output">

const hasServers = ({ servers }: Backbone) => servers.length > 0

/** The product as it is, killed everywhere. */
export const everywhere = (backbone: Backbone): Scenario => ({
  backbone,
  wipeBus: false,
  sends: 300,
  kills: hasServers(backbone) ? 24 : 60, // what is restarted there takes longer
  steps,
  perStep: hasServers(backbone) ? 2 : 5,
  afterStepMillis: 0,
  sabotage: undefined,
  reconciled: true,
  busMillis: 0,
  weather: [
    {},
    { ack: { lateMs: 100 } },
    { ack: { lateMs: 200 } },
    { ack: { lateMs: 400 } },
    { ack: { error: 463 } },
    { usync: "nobody" },
    { dropsBeforeDelivery: 1 },
    { dropsAfterDelivery: 1 }
  ],
  patienceMillis: hasServers(backbone) ? 60_000 : 30_000
})

/** What a control is found by. */
export const foundBy = {
  "ledger-write": "lost",
  "dispatcher-checkpoint": "lost",
  "server-ack": "falseSent",
  "report-append": "unsettled",
  "interrupted-failed": "falseEnds",
  "verdict-write": "revived"
} as const satisfies Readonly<Record<Sabotage, keyof Report>>

const aimed: Readonly<Record<Sabotage, Step>> = {
  "ledger-write": "agent.attempting",
  "dispatcher-checkpoint": "gateway.custody",
  "server-ack": "agent.reported",
  "report-append": "gateway.report-recorded",
  "interrupted-failed": "agent.attempting",
  "verdict-write": "agent.reported"
}
const isApart = ({ processes }: Backbone) => Object.values(processes).includes("agent")

/**
 * What a killed agent had not acknowledged comes to its next life after half a minute: until then it is not lost. Where
 * nothing may be found, it ends as soon as all is settled.
 */
const patienceOf = (sabotage: Sabotage | undefined, backbone: Backbone) =>
  sabotage === undefined || (isApart(backbone) && sabotage === "ledger-write") ? 45_000 : 6_000

/** What was claimed too early is durable by then, as the checkpoint is, and the agent's forgetting: once a second. */
const afterStepMillis: Readonly<Partial<Record<Sabotage, number>>> = {
  "dispatcher-checkpoint": 1_700,
  "report-append": 1_700,
  "verdict-write": 2_500 // its caller has been told by then
}

const late: FaultsPatch = { ack: { lateMs: 300 }, deliver: false }
const refusing: FaultsPatch = { ack: { error: 463 } }
const weatherOf = (sabotage: Sabotage | undefined): ReadonlyArray<FaultsPatch> => {
  if (sabotage === undefined) return [late, refusing]
  return [sabotage === "verdict-write" ? refusing : late]
}

/**
 * A short run that must find what is broken; without `sabotage`, the same on the product as it is, which must come
 * through. The server acknowledges late, or refuses. The bus is slow, so that a custody claimed too early is in the checkpoint before
 * the command is in the ledger: in between the process dies. The reconciler is off, or it would make good what the others
 * lose.
 */
export const control = (sabotage: Sabotage | undefined, whole: Backbone): Scenario => ({
  backbone: withOneGateway(whole),
  wipeBus: false,
  sends: sabotage === undefined ? 30 : 12,
  kills: 0,
  steps: [...new Set((sabotage === undefined ? sabotages : [sabotage]).map((one) => aimed[one]))],
  perStep: 2,
  afterStepMillis: (sabotage && afterStepMillis[sabotage]) ?? 0,
  sabotage,
  reconciled: false,
  busMillis: sabotage === undefined || sabotage === "dispatcher-checkpoint" ? 3_000 : 0,
  weather: weatherOf(sabotage),
  patienceMillis: patienceOf(sabotage, whole)
})
