import { Schema } from "effect"
import { Instant } from "../Instant.ts"
import { Chat, Person } from "./Heard.ts"

/** How somebody is seen just now. No fact: it is told to whoever looks, and kept nowhere. */

export const presenceStates = ["online", "offline", "typing", "recording"] as const

export const Presence = Schema.Struct({
  chat: Chat,
  sender: Person,
  state: Schema.Literals(presenceStates),
  /** Of whoever is offline, where they show it. */
  lastSeenAt: Schema.optionalKey(Instant)
})
export type Presence = typeof Presence.Type
