import { once } from "node:events"
import type streams from "@eventstore/db-client/generated/streams_pb.js"
import type { Context } from "./Context.ts"
import type { StoredEvent } from "./Log.ts"
import { eventMessage } from "./ReadMessages.ts"
import { interrupted } from "./Rpc.ts"

/** Waits while the client is slow; rejects when it is gone. */
export type Send = (message: streams.ReadResp) => Promise<void>

/** Leaves a subscription's loop without an error. */
export class CleanEnd extends Error {}

/** The receiving end of a subscription. Everything rejects when the client is gone or a fault ends the subscription. */
export interface Subscriber {
  readonly event: (event: StoredEvent) => Promise<void>
  readonly message: Send
  /** Until the log may have grown. To be called in the same step in which nothing was found. */
  readonly wait: () => Promise<void>
}

export const subscriber = ({ changes, faults }: Context, send: Send, gone: AbortSignal): Subscriber => {
  const wait = async () => {
    await once(changes, "change", { signal: gone })
  }
  const strike = async () => {
    while (faults.has("silence", "subscribe") || faults.has("stall", "subscribe")) await wait()
    const end = faults.take("end-subscription", "subscribe")
    if (end?.how === "clean") throw new CleanEnd()
    if (end?.how === "error") throw interrupted()
  }
  return {
    event: async (event) => {
      await strike()
      await send(eventMessage(event))
      faults.eventSent()
      await strike()
    },
    message: async (message) => {
      await strike()
      await send(message)
    },
    wait: async () => {
      await wait()
      await strike()
    }
  }
}
