import { Array } from "effect"
import type { AgentId } from "#domain/Ids.ts"
import { configuration } from "#infra/bus/jetstream/Configuration.ts"
import { say } from "./Terminal.ts"

/** Prints a NATS server's configuration for a gateway and these agents. */
export const print = (agents: Array.NonEmptyReadonlyArray<AgentId>, options: { readonly syncAlways: boolean }) =>
  say(configuration({ agents: Array.dedupe(agents), ...options }).trimEnd())
