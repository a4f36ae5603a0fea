import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId, PeerId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { chatPageSizes } from "../api/ChatsApi.ts"
import { momentOf } from "../api/Moment.ts"
import { hears } from "../api/Principal.ts"
import type { Page } from "../contacts/NewestRows.ts"
import * as PeerDocument from "../contacts/PeerDocument.ts"
import type { Peer } from "../contacts/PeerRows.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { Identity } from "../identity/Identity.ts"
import { Moments } from "../moments/Moments.ts"
import { readable } from "../views/Views.ts"
import * as ChatReading from "./ChatReading.ts"
import * as GroupNames from "./GroupNames.ts"
import * as ListedChatRows from "./ListedChatRows.ts"

const flawed = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "query", pointer, expected }] })

const isDeviceId = Schema.is(DeviceId)
const isPeerId = Schema.is(PeerId)

export const layer = HttpApiBuilder.group(
  Api,
  "chats",
  Effect.fnUntraced(function* (handlers) {
    const { epoch } = yield* Identity
    const rows = yield* ListedChatRows.make
    const peerDocument = yield* PeerDocument.make
    const namesOf = yield* GroupNames.make
    const stretch = yield* ChatReading.make
    const moments = yield* Moments

    const shown = Effect.fnUntraced(function* (chats: ReadonlyArray<Peer>) {
      const called = yield* namesOf(chats)
      const documents = yield* peerDocument(chats)
      return documents.map((document, n) => ({ ...document, ...called.get(chats[n]!.number) }))
    })

    const list = Effect.fnUntraced(function* ({ limit, ...asked }: Page) {
      const found = yield* rows.list({ ...asked, limit: limit + 1 })
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      const items = yield* shown(page.map(({ peer }) => peer))
      return { items, next: last === undefined ? null : cursorOf(epoch, last.place) }
    }, readable)

    const messages = Effect.fnUntraced(function* (asked: ChatReading.Asked) {
      const { items, next } = yield* stretch(asked)
      return { items, next: next === undefined ? null : cursorOf(epoch, next) }
    }, readable)

    const placeOf = Effect.fnUntraced(function* (cursor: string | undefined) {
      const after = cursor === undefined ? undefined : positionOf(epoch, cursor)
      if (cursor !== undefined && after === undefined) return yield* flawed("/after", "the `next` of an earlier page")
      return after
    })

    /** Of a device that the caller may hear. */
    const find = Effect.fnUntraced(function* (id: string) {
      const chat = isPeerId(id) ? yield* orProblem(readable(rows.find(id))) : undefined
      const devices = hears(yield* CurrentPrincipal)
      if (chat === undefined || devices?.has(chat.device) === false) return yield* refuse("chat_not_found")
      return chat
    })

    return handlers
      .handle("list", ({ query: { after: cursor, device, limit = chatPageSizes.default } }) =>
        Effect.gen(function* () {
          const after = yield* placeOf(cursor)
          if (device !== undefined && !isDeviceId(device)) return yield* flawed("/device", "a device's id")
          return yield* orProblem(list({ device, devices: hears(yield* CurrentPrincipal), after, limit }))
        })
      )
      .handle("get", ({ params: { id } }) =>
        Effect.gen(function* () {
          const chat = yield* find(id)
          const [document] = yield* orProblem(readable(shown([chat])))
          return document!
        })
      )
      .handle("messages", ({ params: { id }, query: { after: cursor, at, limit = chatPageSizes.default } }) =>
        Effect.gen(function* () {
          const after = yield* placeOf(cursor)
          const chat = yield* find(id)
          const upTo = at === undefined ? undefined : yield* orProblem(moments.placeOf(momentOf(at)))
          const page = yield* orProblem(messages({ chat, after, limit, upTo }))
          const isYetToBe = upTo !== undefined && after === undefined && page.items.length === 0
          return isYetToBe ? yield* refuse("chat_not_found") : page
        })
      )
  })
)
