import { Array, Effect } from "effect"
import type { AgentId, ConsumerId } from "#domain/Ids.ts"
import { natsConfiguration } from "../layers/Adapters.ts"
import { say } from "./Terminal.ts"

interface Options {
  readonly consumers: ReadonlyArray<ConsumerId>
  readonly syncAlways: boolean
}

/** Prints a NATS server's configuration for a gateway, these agents, and who reads events. */
export const print = (agents: Array.NonEmptyReadonlyArray<AgentId>, { consumers, syncAlways }: Options) =>
  Effect.map(
    natsConfiguration({ agents: Array.dedupe(agents), consumers: Array.dedupe(consumers), syncAlways }),
    (text) => say(text.trimEnd())
  )
