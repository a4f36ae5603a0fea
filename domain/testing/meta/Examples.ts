import { accounts } from "./Accounts.ts"
import type { Example } from "./Example.ts"
import { messages } from "./Messages.ts"
import { outgoing } from "./Outgoing.ts"

/** A webhook of every kind that Meta documents. */
export const examples: ReadonlyArray<Example> = [...messages, ...outgoing, ...accounts]
