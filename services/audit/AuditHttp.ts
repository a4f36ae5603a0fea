import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { verifierKey } from "#domain/audit/Note.ts"
import { isTileOf, tileIn } from "#domain/audit/Tiles.ts"
import { MessageId } from "#domain/Ids.ts"
import { Message } from "#domain/message/Message.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import { Api } from "../api/Api.ts"
import { entryPages } from "../api/AuditApi.ts"
import { refuse } from "../http/Answer.ts"
import { positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { Identity } from "../identity/Identity.ts"
import { Heads, type Signed } from "./Heads.ts"
import { Proofs } from "./Proofs.ts"
import { Witnesses } from "./Witnesses.ts"

const isMessageId = Schema.is(MessageId)
const unknown = refuse("audit_entry_not_found")
const base64 = (hashes: ReadonlyArray<Uint8Array>) => hashes.map((one) => one.toBase64())

export const layer = HttpApiBuilder.group(
  Api,
  "audit",
  Effect.fnUntraced(function* (handlers) {
    const crypto = yield* Crypto
    const { epoch } = yield* Identity
    const heads = yield* Heads
    const store = yield* EventStore
    const proofs = yield* Proofs
    const witnesses = yield* Witnesses

    const newest = Effect.suspend(() => orProblem(heads.newest))
    const shown = ({ head, note, signedAt }: Signed) => ({
      origin: head.origin,
      size: head.size,
      root: head.root.toBase64(),
      signedAt,
      note,
      keys: heads.keys().map((key) => verifierKey(crypto, key))
    })

    /** Where the events stand in the log that are asked about. */
    const placesOf = Effect.fnUntraced(function* (cursor: string | undefined, message: string | undefined) {
      if (message !== undefined) {
        if (!isMessageId(message)) return []
        return (yield* store.read(Message.streamOf(message))).map(({ position }) => position)
      }
      const position = cursor === undefined ? undefined : positionOf(epoch, cursor)
      return position === undefined ? [] : [position]
    })
    const indicesOf = Effect.fnUntraced(function* (asked: {
      readonly cursor?: string
      readonly message?: string
      readonly index?: number
    }) {
      if (asked.index !== undefined) return [asked.index]
      const found: Array<number> = []
      for (const place of yield* placesOf(asked.cursor, asked.message)) {
        const index = yield* proofs.indexOf(place)
        if (index !== undefined) found.push(index)
      }
      return found
    })

    const tile = Effect.fnUntraced(function* (...parts: ReadonlyArray<string>) {
      const asked = tileIn(parts.join("/"))
      const { head } = yield* newest
      if (asked === undefined || !isTileOf(asked, head.size)) return yield* unknown
      return yield* orProblem(proofs.tile(asked))
    })

    return handlers
      .handle("head", () => Effect.map(newest, shown))
      .handle("checkpoint", () => Effect.map(newest, ({ note }) => note))
      .handle("witnesses", () =>
        Effect.map(orProblem(witnesses.all), (all) => ({
          items: [...all].map(([agent, { contradiction = null, cosignedAt = null, size }]) => ({
            agent,
            size,
            cosignedAt,
            contradiction
          }))
        }))
      )
      .handle("inclusion", ({ query }) =>
        Effect.gen(function* () {
          const asked = [query.cursor, query.index, query.message].filter((one) => one !== undefined)
          if (asked.length !== 1) {
            const expected = "one of message, cursor and index"
            return yield* refuse("invalid_request", { errors: [{ in: "query", pointer: "", expected }] })
          }
          const signed = yield* newest
          const indices = (yield* orProblem(indicesOf(query))).filter((index) => index < signed.head.size)
          if (indices.length === 0) return yield* unknown
          const items = yield* orProblem(
            Effect.forEach(indices, (index) =>
              Effect.gen(function* () {
                const [found] = yield* proofs.entries(index, index + 1)
                const path = yield* proofs.inclusion(index, signed.head.size)
                return { index, entry: found?.entry ?? "", path: base64(path) }
              })
            )
          )
          return { head: shown(signed), items }
        })
      )
      .handle("consistency", ({ query }) =>
        Effect.gen(function* () {
          const { head } = yield* newest
          const { from = 1, to = head.size } = query
          if (from === 0 || from > to || to > head.size) return yield* unknown
          const [path, fromRoot, toRoot] = yield* orProblem(
            Effect.all([proofs.consistency(from, to), proofs.rootAt(from), proofs.rootAt(to)])
          )
          return { from, to, fromRoot: fromRoot.toBase64(), toRoot: toRoot.toBase64(), path: base64(path) }
        })
      )
      .handle("entries", ({ query: { from = 0, limit = entryPages.default } }) =>
        Effect.map(orProblem(proofs.entries(from, from + limit)), (items) => ({ items }))
      )
      .handle("tile1", ({ params: { a, level } }) => tile(level, a))
      .handle("tile2", ({ params: { a, b, level } }) => tile(level, a, b))
      .handle("tile3", ({ params: { a, b, c, level } }) => tile(level, a, b, c))
      .handle("tile4", ({ params: { a, b, c, d, level } }) => tile(level, a, b, c, d))
  })
)
