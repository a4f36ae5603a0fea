import { Layer } from "effect"
import * as Commands from "./Commands.ts"
import * as Dialect from "./Dialect.ts"
import * as Gate from "./Gate.ts"
import * as GatewayClock from "./GatewayClock.ts"
import * as Heartbeat from "./Heartbeat.ts"
import * as Housekeeping from "./Housekeeping.ts"
import * as LedgerPatience from "./LedgerPatience.ts"
import * as Refusals from "./Refusals.ts"
import * as Reporter from "./Reporter.ts"
import * as Sender from "./Sender.ts"
import * as Sessions from "./Sessions.ts"

/** The agent, with its ports and its trust left open. */
export const layer = (options: Sender.SenderOptions = {}) =>
  Commands.layer.pipe(
    Layer.merge(Housekeeping.layer),
    Layer.provide(Sessions.layer),
    Layer.provide(Gate.sender.pipe(Layer.provide(Sender.layer(options).pipe(Layer.provide(Gate.whatsApp))))),
    Layer.provide(Heartbeat.layer),
    Layer.provide(Reporter.layer),
    Layer.provide([Dialect.layer, LedgerPatience.layer, Refusals.layer]),
    Layer.provide(GatewayClock.corrected),
    Layer.provide(GatewayClock.layer)
  )
