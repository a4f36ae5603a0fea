import { Layer } from "effect"
import type { DeviceRegistry } from "../../devices/DevicesView.ts"
import * as Acknowledgements from "./Acknowledgements.ts"
import * as AgentTransport from "./AgentTransport.ts"
import * as AgentCommands from "./Commands.ts"
import * as Heartbeats from "./Heartbeats.ts"
import * as ReportRecords from "./Records.ts"
import * as Reports from "./Reports.ts"

/** Both directions: what agents are told to do, and what they report. */
export const layer = (options: { readonly registry: DeviceRegistry }) =>
  Layer.merge(
    AgentTransport.layer(options),
    Reports.layer.pipe(Layer.provide([ReportRecords.layer(options), Heartbeats.layer, Acknowledgements.layer]))
  ).pipe(Layer.provide(AgentCommands.layer))
