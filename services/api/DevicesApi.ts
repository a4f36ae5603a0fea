import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { connections } from "#domain/device/Link.ts"
import { toldReasons } from "#domain/device/Reasons.ts"
import { Authorization, CountsAs, RequiredScope, ShowsViews } from "./Authorization.ts"
import { Name } from "./FreeText.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { instant, listOf, located, nullable, text, uuid, word } from "./Members.ts"
import { asOf } from "./Moment.ts"
import { paging, pagingAs } from "./Paging.ts"
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
      description: "Needed for `code`, and refused without: the number of the phone that will be linked.",
      examples: ["+60123456789"]
    })
  )
}).annotate({ identifier: "CreateDevice", description: "A device, and how it is to be linked." })

/** Why a device is not connected, or is no device any more. */
const reasons = [...toldReasons, "unlinking"]

export const Device = Schema.Struct({
  id: uuid("Names the device."),
  name: Schema.optionalKey(text("What it is called; absent when that can no longer be read.")),
  state: Schema.Literals(connections).annotate({
    description:
      "`pairing`: no account is linked since it was last asked to pair; `logged_out`: its account was unlinked, until it is paired again."
  }),
  reason: nullable(word(reasons, "A word for it."), "Why it is in this state, when there is more to say."),
  since: instant("Since when."),
  number: nullable(
    text("As `+` and digits."),
    "The number of the account it is linked to. Only with `messages:read`, while it is linked, and once its agent has told."
  ),
  qr: Schema.optionalKey(
    text("While it is paired by QR code: what the code says that the phone is to scan now. Only with `devices:manage`.")
  ),
  code: Schema.optionalKey(
    text("While it is paired by a typed code: what is to be typed into the phone. Only with `devices:manage`.")
  ),
  assumed: Schema.optionalKey(
    text("In the answer that creates it: what was understood to stand before the digits of `phone`.")
  )
}).annotate({ identifier: "Device", description: "A linked WhatsApp account." })

export const RenameDevice = Schema.Struct({ name: Name }).annotate({
  identifier: "RenameDevice",
  description: "What a device is to be called."
})

const { name: _, ...linking } = CreateDevice.fields
export const PairDevice = Schema.Struct(linking).annotate({
  identifier: "PairDevice",
  description: "How a device is to be linked, as when it was created."
})

/** Of a page of what happened to a device. */
export const deviceHistorySizes = { minimum: 1, maximum: 500, default: 50 } as const

const happened = [
  "created",
  "renamed",
  "paired",
  "connected",
  "disconnected",
  "logged_out",
  "number_linked",
  "link_requested",
  "reconnect_requested",
  "unlink_requested"
]
const DeviceHistory = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      id: uuid("The event's own."),
      happened: word(happened, "What happened, or was asked for."),
      at: instant("When it was recorded, by the gateway's clock."),
      by: word(["api_key", "agent", "gateway"], "Who said or asked for it."),
      saidAt: Schema.optionalKey(instant("Of what an agent said: when, by the agent's clock.")),
      reason: Schema.optionalKey(word(reasons, "Why, when there is more to say.")),
      pairing: Schema.optionalKey(word(["qr", "code"], "How it was to be linked."))
    }).annotate({ identifier: "DeviceHappening", description: "Something that happened to a device." })
  ).annotate({ description: "What was recorded last first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "DeviceHistory", description: "What happened to a device." })

const id = uuid("The device's id.")
const unfit = [
  Problem("device_not_found"),
  Problem("device_not_paired"),
  Problem("device_paired"),
  Problem("device_pairing"),
  Problem("device_unlinking")
] as const
const managed = [Device, Device.pipe(HttpApiSchema.status(202))] as const

const noPicture = [...anywhere, Problem("device_not_found"), Problem("qr_not_found")] as const

export class DevicesApi extends HttpApiGroup.make("devices")
  .add(
    HttpApiEndpoint.post("create", "/", {
      headers: keyed,
      payload: CreateDevice,
      success: HttpApiSchema.WithHeaders(Device.pipe(HttpApiSchema.status(201)), {
        ...answered,
        ...located("The device's path.")
      }),
      error: [...withBody, Problem("forbidden"), Problem("invalid_number"), Problem("idempotency_conflict")]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(OpenApi.Summary, "Link a WhatsApp account: by QR code, or by a code typed into the phone"),
    HttpApiEndpoint.get("list", "/", {
      success: listOf(Device, "DeviceList", "Every device, oldest first."),
      error: anywhere
    })
      .annotate(RequiredScope, ["devices:read"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Every device, oldest first"),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id },
      query: asOf,
      success: Device,
      error: [...anywhere, Problem("device_not_found")]
    })
      .annotate(RequiredScope, ["devices:read"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "A device, with what to show while it is being paired")
      .annotate(
        OpenApi.Description,
        "With `at` as it was then, and nothing to pair it by; one that was not created yet is not found."
      ),
    HttpApiEndpoint.get("history", "/:id/history", {
      params: { id },
      query: paging(deviceHistorySizes),
      success: DeviceHistory,
      error: [...anywhere, Problem("device_not_found")]
    })
      .annotate(RequiredScope, ["devices:read"])
      .annotate(ShowsViews, "memory")
      .annotate(...pagingAs(deviceHistorySizes))
      .annotate(OpenApi.Summary, "What happened to a device, newest first; `next` is the `after` of the next page"),
    HttpApiEndpoint.patch("rename", "/:id", {
      params: { id },
      payload: RenameDevice,
      success: Device,
      error: [...withBody, ...unfit]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Give a device another name"),
    HttpApiEndpoint.delete("unlink", "/:id", {
      params: { id },
      success: managed,
      error: [...withBody, ...unfit]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Unlink a device from its account, and take it off the list")
      .annotate(
        OpenApi.Description,
        "200 when its agent has done so, 202 while it waits for it (`reason` is `unlinking`); asking again tells, and changes nothing. Messages that wait for it fail."
      ),
    HttpApiEndpoint.post("pair", "/:id/pair", {
      params: { id },
      payload: PairDevice,
      success: HttpApiSchema.WithHeaders(Device, located("The device's path.")),
      error: [...withBody, ...unfit, Problem("invalid_number")]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Pair a device again that is not linked, perhaps with another account"),
    HttpApiEndpoint.post("reconnect", "/:id/reconnect", {
      params: { id },
      success: managed,
      error: [...withBody, ...unfit]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Open a linked device's session again, if that has ended")
      .annotate(OpenApi.Description, "200 when it is connected, 202 while it is not."),
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
