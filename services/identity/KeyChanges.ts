import { Effect } from "effect"
import type { Instant } from "#domain/Instant.ts"
import { agentKeyState, gatewayKeyState, type LogIdentityState } from "#domain/identity/LogIdentityState.ts"

type Opened = Extract<LogIdentityState, { readonly _tag: "Open" }>

/** What is said of a key by what became of it. */
const words = {
  active: "is active: what it signs is believed",
  next: "is announced, and has not signed yet",
  retired: "is retired: what it signs is believed for a while",
  revoked: "is revoked: what it signs is believed no more"
} as const

type Standing = keyof typeof words

/** Every key there is, by whose it is and its id, and how it stands. */
const standings = (
  state: Opened,
  now: Instant
): ReadonlyMap<string, { readonly fields: object; readonly standing: Standing }> =>
  new Map([
    ...[...state.gatewayKeys].map(
      ([key, one]) => [`gateway ${key}`, { fields: { key }, standing: gatewayKeyState(state, key, one) }] as const
    ),
    ...[...state.agents].flatMap(([agent, keys]) =>
      [...keys].map(([key, one]) => {
        const standing = agentKeyState(keys, key, one, now)
        return [`agent ${agent} ${key}`, { fields: { agent, key }, standing }] as const
      })
    )
  ])

/** A line for each key that is new or stands otherwise: an operator finds it beside what followed. */
export const tellKeyChanges = (before: Opened, after: Opened, now: Instant): Effect.Effect<void> => {
  const known = standings(before, now)
  const changed = [...standings(after, now)].filter(([name, { standing }]) => known.get(name)?.standing !== standing)
  return Effect.forEach(
    changed,
    ([, { fields, standing }]) =>
      Effect.logInfo(`${"agent" in fields ? "an agent's" : "a gateway's"} key ${words[standing]}`, fields),
    { discard: true }
  )
}
