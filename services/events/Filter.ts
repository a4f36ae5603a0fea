import { Effect, Schema } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { may, type Principal } from "../api/Principal.ts"
import { type PublicType, publicTypeNames } from "../api/PublicTypes.ts"
import { refuse } from "../http/Answer.ts"
import { positionOf } from "../http/Cursor.ts"
import type { Wanted } from "./Feed.ts"

const isDeviceId = Schema.is(DeviceId)
const isPublicType = Schema.is(Schema.Literals(publicTypeNames))

/** What somebody asks for who follows what happens. */
export interface Filter {
  /** A cursor. */
  readonly after?: string | undefined
  readonly types?: ReadonlyArray<string> | undefined
  readonly device?: string | undefined
}

/** Where the filter stood. */
export type Place = "body" | "query"

export interface Understood extends Wanted {
  readonly after: bigint | undefined
  readonly personal: boolean
}

/** What it comes to for this key. A type that there is not would be waited for in vain. */
export const understand = Effect.fnUntraced(function* (
  epoch: string,
  principal: Principal,
  asked: Filter,
  place: Place
) {
  const unlike = (pointer: string, expected: string) =>
    refuse("invalid_request", { errors: [{ in: place, pointer, expected }] })
  const after = asked.after === undefined ? undefined : positionOf(epoch, asked.after)
  if (asked.after !== undefined && after === undefined) return yield* unlike("/after", "a `next` or a `cursor`")
  const { device, types } = asked
  if (device !== undefined && !isDeviceId(device)) return yield* unlike("/device", "a device's id")
  if (types !== undefined && !types.every(isPublicType)) {
    const separated = place === "query" ? ", separated by commas" : ""
    return yield* unlike("/types", `some of ${publicTypeNames.join(", ")}${separated}`)
  }
  const personal = may(principal, "messages:read:all")
  const understood: Understood = {
    after,
    types: types && new Set(types as ReadonlyArray<PublicType>),
    device,
    seen: personal || principal.devices === "all" ? undefined : principal.devices,
    personal
  }
  return understood
})
