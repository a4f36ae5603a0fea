import { Layer } from "effect"
import * as Commands from "./Commands.ts"
import * as Hearing from "./hearing/Hearing.ts"
import * as Presences from "./hearing/Presences.ts"
import * as LedgerPatience from "./LedgerPatience.ts"
import * as Dialect from "./link/Dialect.ts"
import * as GatewayClock from "./link/GatewayClock.ts"
import * as Heartbeat from "./link/Heartbeat.ts"
import * as Refusals from "./link/Refusals.ts"
import * as Reporter from "./link/Reporter.ts"
import * as Reading from "./reading/Reading.ts"
import * as Gate from "./sending/Gate.ts"
import * as Housekeeping from "./sending/Housekeeping.ts"
import * as Sender from "./sending/Sender.ts"
import * as Sessions from "./sessions/Sessions.ts"
import * as Witness from "./witnessing/Witness.ts"

/** The agent, with its ports and its trust left open. */
export const layer = (options: Sender.SenderOptions = {}) =>
  Commands.layer.pipe(
    Layer.merge(Housekeeping.layer),
    Layer.provide(Sessions.layer),
    Layer.provide([Hearing.layer, Presences.layer, Reading.layer]),
    Layer.provide(Gate.sender.pipe(Layer.provide(Sender.layer(options).pipe(Layer.provide(Gate.whatsApp))))),
    Layer.provide([Heartbeat.layer, Witness.layer]),
    Layer.provide(Reporter.layer),
    Layer.provide([Dialect.layer, LedgerPatience.layer, Refusals.layer]),
    Layer.provide(GatewayClock.corrected),
    Layer.provide(GatewayClock.layer)
  )
