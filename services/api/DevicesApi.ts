import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { connections } from "#domain/device/Link.ts"
import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"
import { Authorization, CountsAs, RequiredScope, ShowsViews } from "./Authorization.ts"
import { Name } from "./FreeText.ts"
import { instant, listOf, located, nullable, text, uuid, word } from "./Members.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

export const CreateDevice = Schema.Struct({
  name: Name,
  pairing: Schema.optionalKey(
    Schema.Literals(["qr", "code"]).annotate({
      description: "By a QR code that the phone scans, or by a code that is typed into it.",
      default: "qr"
    })
  ),
  phone: Schema.optionalKey(
    Schema.String.check(Schema.isMaxLength(64)).annotate({
      description: "Needed for `code`: the number of the phone that will be linked.",
      examples: ["+60123456789"]
    })
  )
}).annotate({ identifier: "CreateDevice", description: "A device, and how it is to be linked." })

/** Why a device is not connected, or is no device any more. */
const reasons = {
  connection_lost: true,
  server_closed: true,
  connect_timeout: true,
  refused: true,
  unauthorized: true,
  temporarily_banned: true,
  banned: true,
  locked: true,
  client_refused: true,
  broken: true,
  outdated: true,
  restarting: true,
  replaced: true,
  logged_out: true,
  pairing_timeout: true,
  pairing_refused: true,
  not_opened: true
} satisfies Record<DisconnectReason, true>

export const Device = Schema.Struct({
  id: uuid("Names the device."),
  name: Schema.optionalKey(text("What it is called; absent when that can no longer be read.")),
  state: Schema.Literals(connections).annotate({
    description: "`pairing`: no account was linked yet; `logged_out`: its account was unlinked, for good."
  }),
  reason: nullable(word(Object.keys(reasons), "A word for it."), "Why it is in this state, when there is more to say."),
  since: instant("Since when."),
  qr: Schema.optionalKey(text("While it is paired by QR code: what the code says that the phone is to scan now.")),
  code: Schema.optionalKey(text("While it is paired by a typed code: what is to be typed into the phone.")),
  assumed: Schema.optionalKey(
    text("In the answer that creates it: what was understood to stand before the digits of `phone`.")
  )
}).annotate({ identifier: "Device", description: "A linked WhatsApp account." })

const id = uuid("The device's id.")

const noPicture = [...anywhere, Problem("device_not_found"), Problem("qr_not_found")] as const

export class DevicesApi extends HttpApiGroup.make("devices")
  .add(
    HttpApiEndpoint.post("create", "/", {
      payload: CreateDevice,
      success: HttpApiSchema.WithHeaders(Device.pipe(HttpApiSchema.status(201)), located("The device's path.")),
      error: [...withBody, Problem("invalid_number")]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(OpenApi.Summary, "Link a WhatsApp account: by QR code, or by a code typed into the phone"),
    HttpApiEndpoint.get("list", "/", {
      success: listOf(Device, "DeviceList", "Every device, oldest first."),
      error: anywhere
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Every device, oldest first"),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id },
      success: Device,
      error: [...anywhere, Problem("device_not_found")]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "A device, with what to show while it is being paired"),
    HttpApiEndpoint.get("qrPng", "/:id/qr.png", {
      params: { id },
      success: Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array({ contentType: "image/png" })),
      error: noPicture
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "The QR code of a device that is being paired, as a picture"),
    HttpApiEndpoint.get("qrSvg", "/:id/qr.svg", {
      params: { id },
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "image/svg+xml" })),
      error: noPicture
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "The same, as a drawing")
  )
  .annotateEndpoints(CountsAs, "devices")
  .middleware(Authorization)
  .prefix("/v1/devices")
  .annotate(OpenApi.Description, "The WhatsApp accounts that messages are sent from.") {}
