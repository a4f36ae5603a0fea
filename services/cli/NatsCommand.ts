import { Array, Effect } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { natsConfiguration } from "../layers/Adapters.ts"
import { say } from "./Terminal.ts"

/** Prints a NATS server's configuration for a gateway and these agents. */
export const print = (agents: Array.NonEmptyReadonlyArray<AgentId>, options: { readonly syncAlways: boolean }) =>
  Effect.map(natsConfiguration({ agents: Array.dedupe(agents), ...options }), (text) => say(text.trimEnd()))
