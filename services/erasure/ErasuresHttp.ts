import { Effect, Result, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { ErasureId, PeerId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { erasurePageSizes, type Person } from "../api/ErasuresApi.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { posting } from "../http/Posting.ts"
import { Identity } from "../identity/Identity.ts"
import { readable } from "../views/Views.ts"
import type { ErasureRecord } from "./ErasureRows.ts"
import { Erasures, type Meant } from "./Erasures.ts"
import * as Holdings from "./Holdings.ts"

const isErasureId = Schema.is(ErasureId)
const isPeerId = Schema.is(PeerId)
const { create, preview } = Api.groups.erasures.endpoints

const unlisted = "The key's client may use some devices alone; a person is erased on all of them."
const eraser = Effect.flatMap(CurrentPrincipal, (principal) =>
  principal.devices === "all" ? Effect.succeed(principal) : refuse("forbidden", { detail: unlisted })
)

const oneName = refuse("invalid_request", {
  errors: [{ in: "body", pointer: "", expected: "exactly one of phone, lid, bsuid and contact" }]
})
const whole = "Write + and the country code before the number: no country is assumed for what cannot be undone."

/** No country is assumed: what is destroyed for another person does not come back. */
const phoneIn = (written: string, read: ReadPhoneNumber) => {
  const found = read(written)
  if (Result.isFailure(found)) return refuse("invalid_number", { detail: found.failure })
  const { assumed, number } = found.success
  return assumed === undefined ? Effect.succeed(number) : refuse("invalid_number", { detail: whole })
}

const noLid = refuse("invalid_request", {
  errors: [{ in: "body", pointer: "/lid", expected: "the digits before @lid" }]
})

/** As it is copied from a log or a chat, with the device that was spoken to. What is no such name would be nobody's, and done. */
const lidIn = (written: string) => {
  const [, digits] = /^(\d+)(?::\d+)?(?:@(?:hosted\.)?lid)?$/.exec(written.trim()) ?? []
  return digits === undefined ? noLid : Effect.succeed(digits)
}

const meantBy = Effect.fnUntraced(function* (person: typeof Person.Type, read: ReadPhoneNumber) {
  const { bsuid, contact, lid, phone } = person
  if (Object.keys(person).length !== 1) return yield* oneName
  const meant = (kind: "phone" | "lid" | "bsuid", identity: string): Meant => ({ kind, identity })
  if (phone !== undefined) return meant("phone", yield* phoneIn(phone, read))
  if (lid !== undefined) return meant("lid", yield* lidIn(lid))
  if (bsuid !== undefined) return meant("bsuid", bsuid.trim())
  if (!isPeerId(contact)) return yield* refuse("contact_not_found")
  const found: Meant = { kind: "contact", id: contact }
  return found
})

const shown = ({ tenant: _, ...erasure }: ErasureRecord) => erasure

export const layer = (phoneNumber: ReadPhoneNumber) =>
  HttpApiBuilder.group(
    Api,
    "erasures",
    Effect.fnUntraced(function* (handlers) {
      const erasures = yield* Erasures
      const { epoch } = yield* Identity
      const holdingOf = yield* Holdings.make

      const subjectIn = Effect.fnUntraced(function* (person: typeof Person.Type) {
        return yield* erasures.subjectOf(yield* meantBy(person, phoneNumber))
      })

      return handlers
        .handleRaw(
          "create",
          posting(
            create,
            Effect.fnUntraced(function* ({ key, payload }) {
              const caller = yield* eraser
              const subject = yield* subjectIn(payload)
              const erasure = yield* erasures.request(caller, { subject, idempotencyKey: key.value })
              return { body: shown(erasure), headers: { location: `/v1/erasures/${erasure.id}` } }
            })
          )
        )
        .handleRaw(
          "preview",
          posting(
            preview,
            Effect.fnUntraced(function* ({ payload }) {
              yield* eraser
              const holding = yield* readable(holdingOf(yield* subjectIn(payload)))
              return { body: Holdings.countsOf(holding) }
            })
          )
        )
        .handle("list", ({ query: { after: cursor, limit = erasurePageSizes.default } }) =>
          Effect.gen(function* () {
            yield* eraser
            const after = cursor === undefined ? undefined : positionOf(epoch, cursor)
            if (cursor !== undefined && after === undefined) {
              const expected = "the `next` of an earlier page"
              return yield* refuse("invalid_request", { errors: [{ in: "query", pointer: "/after", expected }] })
            }
            const { items, next } = yield* orProblem(erasures.list({ after, limit }))
            return { items: items.map(shown), next: next === undefined ? null : cursorOf(epoch, next) }
          })
        )
        .handle("get", ({ params: { id } }) =>
          Effect.gen(function* () {
            yield* eraser
            return shown(yield* isErasureId(id) ? orProblem(erasures.find(id)) : refuse("erasure_not_found"))
          })
        )
    })
  )
