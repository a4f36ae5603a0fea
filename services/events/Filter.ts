import { Effect, Schema } from "effect"
import { DeviceId, PeerId } from "#domain/Ids.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { may, type Principal } from "../api/Principal.ts"
import { type PublicType, publicTypeNames } from "../api/PublicTypes.ts"
import * as ContactRows from "../contacts/ContactRows.ts"
import { refuse } from "../http/Answer.ts"
import { positionOf } from "../http/Cursor.ts"
import { tellUnavailable } from "../http/Foreseen.ts"
import { Identity } from "../identity/Identity.ts"
import { Readiness } from "../views/Readiness.ts"
import type { Unavailable } from "../views/Unavailable.ts"
import { readable, Views, ViewsUnavailable } from "../views/Views.ts"
import * as Beyond from "./Beyond.ts"
import type { Wanted } from "./Feed.ts"
import { FollowedChat } from "./FollowedChat.ts"

const isDeviceId = Schema.is(DeviceId)
const isPeerId = Schema.is(PeerId)
const isPublicType = Schema.is(Schema.Literals(publicTypeNames))

/** For rows to come as far as the log was. */
const patience = "5 seconds"

/** What somebody asks for who follows what happens. */
export interface Filter {
  /** A cursor. */
  readonly after?: string | undefined
  readonly types?: ReadonlyArray<string> | undefined
  readonly device?: string | undefined
  /** A chat's id. */
  readonly chat?: string | undefined
  /** Of live connections: also how people are seen. */
  readonly presence?: boolean | undefined
}

/** Where the filter stood. */
export type Place = "body" | "query"

export interface Understood extends Wanted {
  readonly after: bigint | undefined
  readonly personal: boolean
  readonly presence?: boolean | undefined
}

/** What a filter comes to for a key. What there is not would be waited for in vain: it is refused. */
export const make = Effect.gen(function* () {
  const { epoch } = yield* Identity
  const store = yield* EventStore
  const views = yield* Views
  const { written } = yield* Readiness
  const contacts = yield* ContactRows.make
  const isBeyond = yield* Beyond.make

  /** A chat with every name that the log has for it by now. */
  const chatOf = Effect.fnUntraced(function* (id: PeerId) {
    const head = yield* store.head
    if (head !== undefined) {
      yield* Effect.timeoutOrElse(views.written(head), {
        duration: patience,
        orElse: () => Effect.fail(new ViewsUnavailable({ cause: new Error("the rows of chats are behind the log") }))
      })
    }
    const peer = yield* contacts.find(id)
    if (peer === undefined) return undefined
    const names = yield* contacts.names([peer])
    return new FollowedChat(
      peer.device,
      head,
      names.map(({ name }) => name)
    )
  }, readable)

  const orTold = <A, E extends Unavailable, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.catch(effect, (error) => Effect.flatMap(tellUnavailable(error), Effect.fail))

  return Effect.fnUntraced(function* (principal: Principal, asked: Filter, place: Place) {
    const unlike = (pointer: string, expected: string) =>
      refuse("invalid_request", { errors: [{ in: place, pointer, expected }] })
    const after = asked.after === undefined ? undefined : positionOf(epoch, asked.after)
    if (asked.after !== undefined && after === undefined) return yield* unlike("/after", "a `next` or a `cursor`")
    if (after !== undefined && (yield* orTold(isBeyond(after)))) {
      return yield* unlike("/after", "a `next` or a `cursor` that the log has come to; it ends before this one")
    }
    const { chat: id, device, types } = asked
    if (device !== undefined && !isDeviceId(device)) return yield* unlike("/device", "a device's id")
    if (types !== undefined && !types.every(isPublicType)) {
      const separated = place === "query" ? ", separated by commas" : ""
      return yield* unlike("/types", `some of ${publicTypeNames.join(", ")}${separated}`)
    }
    const personal = may(principal, "messages:read:all")
    const seen = personal || principal.devices === "all" ? undefined : principal.devices
    if (id !== undefined && !isPeerId(id)) return yield* unlike("/chat", "a chat's id")
    if (id !== undefined && !written()) return yield* refuse("starting")
    const chat = id && (yield* orTold(chatOf(id)))
    if (id !== undefined && (chat === undefined || seen?.has(chat.device) === false)) {
      return yield* refuse("chat_not_found")
    }
    const understood: Understood = {
      after,
      types: types && new Set(types as ReadonlyArray<PublicType>),
      device,
      chat,
      seen,
      personal,
      ...(asked.presence !== undefined && { presence: asked.presence })
    }
    return understood
  })
})
