import { Effect, Result, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { CreateDevice } from "../api/DevicesApi.ts"
import { json, refuse } from "../http/Answer.ts"
import { jsonBody } from "../http/Body.ts"
import { orStoreUnavailable } from "../http/Failures.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { type DeviceDocument, Devices } from "./Devices.ts"
import { toPng, toSvg } from "./QrCode.ts"

const isDeviceId = Schema.is(DeviceId)
const readBody = jsonBody(CreateDevice)

const deviceJson = ({ id, name, pairing, reason, since, state }: DeviceDocument) => ({
  id,
  ...(name !== undefined && { name }),
  state,
  reason: reason ?? null,
  since,
  ...(pairing !== undefined && { [pairing.method]: pairing.code })
})

/** How to pair it, as asked; a code needs the number of the phone it is typed into. */
const pairingOf = (asked: typeof CreateDevice.Type, phoneNumber: ReadPhoneNumber) => {
  if (asked.pairing !== "code") return Effect.succeed({ pairing: { method: "qr" } as const, assumed: undefined })
  if (asked.phone === undefined) {
    const flaw = { in: "body", pointer: "/phone", expected: "a value" } as const
    return refuse("invalid_request", { errors: [flaw] })
  }
  const reading = phoneNumber(asked.phone)
  if (Result.isFailure(reading)) return refuse("invalid_number", { detail: reading.failure })
  const { assumed, number: phone } = reading.success
  return Effect.succeed({ pairing: { method: "code", phone } as const, assumed })
}

export const layer = (phoneNumber: ReadPhoneNumber) =>
  HttpApiBuilder.group(
    Api,
    "devices",
    Effect.fnUntraced(function* (handlers) {
      const devices = yield* Devices

      const find = Effect.fnUntraced(function* (id: string) {
        const found = isDeviceId(id) ? yield* orStoreUnavailable(devices.find(id)) : undefined
        return found ?? (yield* refuse("device_not_found"))
      })
      const qrOf = Effect.fnUntraced(function* (id: string) {
        const { pairing } = yield* find(id)
        return pairing?.method === "qr" ? pairing.code : yield* refuse("qr_not_found")
      })

      return handlers
        .handleRaw("create", ({ request }) =>
          Effect.gen(function* () {
            const asked = yield* readBody(request)
            const { assumed, pairing } = yield* pairingOf(asked, phoneNumber)
            const caller = yield* CurrentPrincipal
            const device = yield* orStoreUnavailable(devices.create(caller, { name: asked.name, pairing }))
            const shown = { ...deviceJson(device), ...(assumed !== undefined && { assumed }) }
            return json(201, shown, { location: `/v1/devices/${device.id}` })
          })
        )
        .handle("list", () => Effect.map(orStoreUnavailable(devices.list), (all) => ({ items: all.map(deviceJson) })))
        .handle("get", ({ params: { id } }) => Effect.map(find(id), deviceJson))
        .handle("qrPng", ({ params: { id } }) => Effect.flatMap(qrOf(id), (qr) => Effect.promise(() => toPng(qr))))
        .handle("qrSvg", ({ params: { id } }) => Effect.map(qrOf(id), toSvg))
    })
  )
