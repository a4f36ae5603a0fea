import { Layer } from "effect"
import * as Receipts from "./Acknowledgements.ts"
import * as AgentsHeard from "./AgentsHeard.ts"
import * as AgentsHttp from "./AgentsHttp.ts"
import * as AgentCommands from "./Commands.ts"
import * as GatewayKeysHttp from "./GatewayKeysHttp.ts"
import * as Heartbeats from "./Heartbeats.ts"
import * as ReportRecords from "./Records.ts"
import * as Reports from "./Reports.ts"

const reports = Reports.layer.pipe(
  Layer.provide([ReportRecords.layer, Heartbeats.layer]),
  Layer.provide(Receipts.layer)
)

export const layer = Layer.mergeAll(reports, AgentsHttp.layer, GatewayKeysHttp.layer).pipe(
  Layer.provideMerge(AgentCommands.layer),
  Layer.provideMerge(AgentsHeard.layer)
)
