import { type EventEmitter, once } from "node:events"
import type { ServiceError } from "@grpc/grpc-js"
import type { ActiveFaults } from "./ActiveFaults.ts"
import type { Method } from "./Faults.ts"
import type { Log } from "./Log.ts"
import { unavailable } from "./Rpc.ts"
import type { Writer } from "./Writer.ts"

/** What every call works with. */
export interface Context {
  readonly log: Log
  readonly writer: Writer
  readonly faults: ActiveFaults
  /** Emits "change" when something was committed or the faults are others. */
  readonly changes: EventEmitter<{ change: [] }>
  readonly dropConnections: () => void
}

export const never = new Promise<never>(() => {})

export const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis).unref())

/** Lets a call pass the faults that strike before it is looked at; rejects with a `ServiceError`. */
export const admit = async ({ changes, faults }: Context, method: Method): Promise<void> => {
  if (faults.take("silence", method)) return never
  while (faults.has("stall", method)) await once(changes, "change")
  if (faults.take("refuse", method)) throw unavailable()
  const delay = faults.take("delay", method)
  if (delay) await pause(delay.millis)
}

/** Anything but a `ServiceError` is a mistake of the double's own: it ends the process. */
export const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && "code" in error && "metadata" in error
