import { Effect, Result, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { deviceHistorySizes, type PairDevice } from "../api/DevicesApi.ts"
import { momentOf } from "../api/Moment.ts"
import { may, maySee, mayUse, type Principal } from "../api/Principal.ts"
import type { AnyProblem } from "../api/Problems.ts"
import { json, refuse } from "../http/Answer.ts"
import { noBody } from "../http/Body.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { posting } from "../http/Posting.ts"
import { Identity } from "../identity/Identity.ts"
import { Moments } from "../moments/Moments.ts"
import type { DeviceDocument } from "./DeviceDocument.ts"
import { Devices, type Linking, type Managed } from "./Devices.ts"
import * as PastDevices from "./PastDevices.ts"
import { toPng, toSvg } from "./QrCode.ts"

const isDeviceId = Schema.is(DeviceId)
const { create, pair, rename } = Api.groups.devices.endpoints

/**
 * As it is shown to this key. Whoever has a code may link the device to a phone of theirs; a number is for those who may
 * read numbers.
 */
const shownTo = (principal: Principal) => (device: DeviceDocument) => {
  const { id, name, number, reason, since, state } = device
  const pairing = may(principal, "devices:manage") && mayUse(principal, id) ? device.pairing : undefined
  return {
    id,
    ...(name !== undefined && { name }),
    state,
    reason: reason ?? null,
    since,
    number: (may(principal, "messages:read") ? number : undefined) ?? null,
    ...(pairing !== undefined && { [pairing.method]: pairing.code })
  }
}
const shown = (device: DeviceDocument) => Effect.map(CurrentPrincipal, (principal) => shownTo(principal)(device))

const managed = ({ device, isDone }: Managed) => Effect.map(shown(device), (body) => json(isDone ? 200 : 202, body))

const otherCursor = refuse("invalid_request", {
  errors: [{ in: "query", pointer: "/after", expected: "the `next` of an earlier page" }]
})

const unlisted = "The client of this key may use the devices of its list alone, and makes none."

interface Understood {
  readonly pairing: Linking
  /** What was understood to stand before the digits of the number. */
  readonly assumed?: string | undefined
}

/** How to pair it, as asked; a code needs the number of the phone it is typed into. */
const pairingOf = (
  asked: typeof PairDevice.Type,
  phoneNumber: ReadPhoneNumber
): Effect.Effect<Understood, AnyProblem<"invalid_request" | "invalid_number">> => {
  const isByCode = asked.pairing === "code"
  if (asked.phone === undefined && !isByCode) return Effect.succeed({ pairing: { method: "qr" } })
  if (asked.phone === undefined || !isByCode) {
    // by QR code any phone may scan: whoever names one believes that no other can
    const expected = isByCode ? "a value" : "no value unless `pairing` is `code`"
    return refuse("invalid_request", { errors: [{ in: "body", pointer: "/phone", expected }] })
  }
  const reading = phoneNumber(asked.phone)
  if (Result.isFailure(reading)) return refuse("invalid_number", { detail: reading.failure })
  const { assumed, number: phone } = reading.success
  return Effect.succeed({ pairing: { method: "code", phone }, assumed })
}

export const layer = (phoneNumber: ReadPhoneNumber) =>
  HttpApiBuilder.group(
    Api,
    "devices",
    Effect.fnUntraced(function* (handlers) {
      const devices = yield* Devices
      const past = yield* PastDevices.make
      const { placeOf } = yield* Moments
      const { epoch } = yield* Identity

      /** One that is not there for this key does not exist: before anything is asked about it. */
      const named = (id: string, isFor: typeof maySee = mayUse) =>
        Effect.flatMap(CurrentPrincipal, (principal) =>
          isDeviceId(id) && isFor(principal, id) ? Effect.succeed(id) : refuse("device_not_found")
        )
      const find = Effect.fnUntraced(function* (id: string, isFor: typeof maySee = mayUse) {
        const found = yield* orProblem(devices.find(yield* named(id, isFor)))
        return found ?? (yield* refuse("device_not_found"))
      })
      const qrOf = Effect.fnUntraced(function* (id: string) {
        const { pairing } = yield* find(id)
        return pairing?.method === "qr" ? pairing.code : yield* refuse("qr_not_found")
      })

      return handlers
        .handleRaw(
          "create",
          posting(
            create,
            Effect.fnUntraced(function* ({ key, payload }) {
              const principal = yield* CurrentPrincipal
              if (principal.devices !== "all") return yield* refuse("forbidden", { detail: unlisted })
              const { assumed, pairing } = yield* pairingOf(payload, phoneNumber)
              const request = { idempotencyKey: key.value, name: payload.name, pairing }
              const device = yield* devices.create(principal, request)
              return {
                body: { ...(yield* shown(device)), ...(assumed !== undefined && { assumed }) },
                headers: { location: `/v1/devices/${device.id}` }
              }
            })
          )
        )
        .handleRaw(
          "pair",
          posting(
            pair,
            Effect.fnUntraced(function* ({ params, payload }) {
              const id = yield* named(params.id)
              const { assumed, pairing } = yield* pairingOf(payload, phoneNumber)
              const device = yield* devices.pair(yield* CurrentPrincipal, id, pairing)
              return {
                body: { ...(yield* shown(device)), ...(assumed !== undefined && { assumed }) },
                headers: { location: `/v1/devices/${id}` }
              }
            })
          )
        )
        .handleRaw(
          "rename",
          posting(
            rename,
            Effect.fnUntraced(function* ({ params, payload }) {
              const id = yield* named(params.id)
              return { body: yield* shown(yield* devices.rename(yield* CurrentPrincipal, id, payload.name)) }
            })
          )
        )
        .handleRaw("unlink", ({ params, request }) =>
          Effect.gen(function* () {
            yield* noBody(request)
            const id = yield* named(params.id)
            return yield* managed(yield* orProblem(devices.unlink(yield* CurrentPrincipal, id)))
          })
        )
        .handleRaw("reconnect", ({ params, request }) =>
          Effect.gen(function* () {
            yield* noBody(request)
            const id = yield* named(params.id)
            return yield* managed(yield* orProblem(devices.reconnect(yield* CurrentPrincipal, id)))
          })
        )
        .handle("list", () =>
          Effect.gen(function* () {
            const all = yield* orProblem(devices.list)
            const principal = yield* CurrentPrincipal
            return { items: all.filter(({ id }) => maySee(principal, id)).map(shownTo(principal)) }
          })
        )
        .handle("get", ({ params: { id }, query: { at } }) =>
          Effect.gen(function* () {
            if (at === undefined) return yield* shown(yield* find(id, maySee))
            const device = yield* named(id, maySee)
            const found = yield* orProblem(past.at(device, yield* orProblem(placeOf(momentOf(at)))))
            return yield* found === undefined ? refuse("device_not_found") : shown(found)
          })
        )
        .handle("history", ({ params: { id }, query: { after: cursor, limit = deviceHistorySizes.default } }) =>
          Effect.gen(function* () {
            const after = cursor === undefined ? undefined : positionOf(epoch, cursor)
            if (cursor !== undefined && after === undefined) return yield* otherCursor
            const page = yield* orProblem(past.history(yield* named(id, maySee), after, limit))
            if (page === undefined) return yield* refuse("device_not_found")
            return { items: page.items, next: page.next === undefined ? null : cursorOf(epoch, page.next) }
          })
        )
        .handle("qrPng", ({ params: { id } }) => Effect.flatMap(qrOf(id), (qr) => Effect.promise(() => toPng(qr))))
        .handle("qrSvg", ({ params: { id } }) => Effect.map(qrOf(id), toSvg))
    })
  )
