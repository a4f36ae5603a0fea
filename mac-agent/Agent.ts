import { Layer } from "effect"
import * as Commands from "./Commands.ts"
import * as Housekeeping from "./Housekeeping.ts"
import * as Reporter from "./Reporter.ts"
import * as Sender from "./Sender.ts"
import * as Sessions from "./Sessions.ts"

/** The agent, with its ports and its trust left open. */
export const layer = (options: Sender.SenderOptions = {}) =>
  Commands.layer.pipe(
    Layer.merge(Housekeeping.layer),
    Layer.provide(Sessions.layer),
    Layer.provide(Sender.layer(options)),
    Layer.provide(Reporter.layer)
  )
