import { Layer } from "effect"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import * as MessageActors from "./MessageActors.ts"
import * as MessagesHttp from "./MessagesHttp.ts"
import * as MessagesLive from "./MessagesLive.ts"
import { QueueDepth } from "./QueueDepth.ts"
import * as Waits from "./Waits.ts"

/** What registers itself, to be written as rows and known in memory. */
export const projections = QueueDepth.layer

export const layer = (limits: MessagesLive.QueueLimits, phoneNumber: ReadPhoneNumber) =>
  MessagesHttp.layer(phoneNumber).pipe(
    Layer.provideMerge(MessagesLive.layer(limits)),
    Layer.provide(Waits.layer),
    Layer.provideMerge(MessageActors.layer)
  )
