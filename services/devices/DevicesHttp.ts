import { Effect, Result, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import type { CreateDevice } from "../api/DevicesApi.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import type { ReadPhoneNumber } from "../http/PhoneNumbers.ts"
import { posting } from "../http/Posting.ts"
import { type DeviceDocument, Devices } from "./Devices.ts"
import { toPng, toSvg } from "./QrCode.ts"

const isDeviceId = Schema.is(DeviceId)
const { create } = Api.groups.devices.endpoints

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
        const found = isDeviceId(id) ? yield* orProblem(devices.find(id)) : undefined
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
            Effect.fnUntraced(function* ({ payload }) {
              const { assumed, pairing } = yield* pairingOf(payload, phoneNumber)
              const device = yield* devices.create(yield* CurrentPrincipal, { name: payload.name, pairing })
              return {
                body: { ...deviceJson(device), ...(assumed !== undefined && { assumed }) },
                headers: { location: `/v1/devices/${device.id}` }
              }
            })
          )
        )
        .handle("list", () => Effect.map(orProblem(devices.list), (all) => ({ items: all.map(deviceJson) })))
        .handle("get", ({ params: { id } }) => Effect.map(find(id), deviceJson))
        .handle("qrPng", ({ params: { id } }) => Effect.flatMap(qrOf(id), (qr) => Effect.promise(() => toPng(qr))))
        .handle("qrSvg", ({ params: { id } }) => Effect.map(qrOf(id), toSvg))
    })
  )
