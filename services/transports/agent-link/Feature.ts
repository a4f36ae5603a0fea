import { Layer } from "effect"
import * as Acknowledgements from "./Acknowledgements.ts"
import * as AgentsHeard from "./AgentsHeard.ts"
import * as AgentsHttp from "./AgentsHttp.ts"
import * as AgentsStanding from "./AgentsStanding.ts"
import * as AgentTransport from "./AgentTransport.ts"
import * as AgentCommands from "./Commands.ts"
import * as GatewayKeysHttp from "./GatewayKeysHttp.ts"
import * as Heartbeats from "./Heartbeats.ts"
import * as ReportRecords from "./Records.ts"
import * as Reports from "./Reports.ts"
import * as Witnessing from "./Witnessing.ts"

const reports = (witnessing?: Witnessing.Options) =>
  Reports.layer.pipe(
    Layer.provide([ReportRecords.layer, Heartbeats.layer, Acknowledgements.layer, Witnessing.layer(witnessing)])
  )

/** Both directions, what agents are told to do and what they report, and the handlers of who they are. */
export const layer = (witnessing?: Witnessing.Options) =>
  Layer.mergeAll(AgentTransport.layer, reports(witnessing), AgentsHttp.layer, GatewayKeysHttp.layer).pipe(
    Layer.provide(AgentCommands.layer),
    Layer.provideMerge(AgentsStanding.layer()),
    Layer.provideMerge(AgentsHeard.layer)
  )
