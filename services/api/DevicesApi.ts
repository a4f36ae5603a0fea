import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { connections } from "#domain/device/Link.ts"
import { Authorization, CountsAs, RequiredScope, ShowsViews } from "./Authorization.ts"
import { Name } from "./FreeText.ts"
import { answered, keyed } from "./IdempotencyKey.ts"
import { anywhere, Problem, withBody } from "./Problems.ts"

export const CreateDevice = Schema.Struct({
  name: Name,
  pairing: Schema.optionalKey(Schema.Literals(["qr", "code"])),
  /** Needed for `code`: the number of the phone that will be linked. */
  phone: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(64)))
}).annotate({ identifier: "CreateDevice" })

export const RenameDevice = Schema.Struct({ name: Name }).annotate({ identifier: "RenameDevice" })

const { name: _, ...linking } = CreateDevice.fields
/** As when it was created. */
export const PairDevice = Schema.Struct(linking).annotate({ identifier: "PairDevice" })

export const Device = Schema.Struct({
  id: Schema.String,
  name: Schema.optionalKey(Schema.String),
  state: Schema.Literals(connections),
  /** Why it is in this state, when there is more to say. */
  reason: Schema.NullOr(Schema.String),
  since: Schema.String,
  /** What to show to the phone that shall be linked, as long as it works: with `devices:manage` alone. */
  qr: Schema.optionalKey(Schema.String),
  code: Schema.optionalKey(Schema.String),
  /** In the answer that creates it: what was understood to stand before the digits of `phone`. */
  assumed: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Device" })

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
        location: Schema.String
      }),
      error: [...withBody, Problem("invalid_number"), Problem("idempotency_conflict")]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(OpenApi.Summary, "Link a WhatsApp account: by QR code, or by a code typed into the phone"),
    HttpApiEndpoint.get("list", "/", {
      success: Schema.Struct({ items: Schema.Array(Device) }),
      error: anywhere
    })
      .annotate(RequiredScope, ["devices:read"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Every device, oldest first"),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: Schema.String },
      success: Device,
      error: [...anywhere, Problem("device_not_found")]
    })
      .annotate(RequiredScope, ["devices:read"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "A device, with what to show while it is being paired"),
    HttpApiEndpoint.patch("rename", "/:id", {
      params: { id: Schema.String },
      payload: RenameDevice,
      success: Device,
      error: [...withBody, ...unfit]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Give a device another name"),
    HttpApiEndpoint.delete("unlink", "/:id", {
      params: { id: Schema.String },
      success: managed,
      error: [...anywhere, ...unfit]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Unlink a device from its account, and take it off the list")
      .annotate(
        OpenApi.Description,
        "200 when its agent has done so, 202 while it has not; asking again tells, and changes nothing. Messages that wait for it fail."
      ),
    HttpApiEndpoint.post("pair", "/:id/pair", {
      params: { id: Schema.String },
      payload: PairDevice,
      success: HttpApiSchema.WithHeaders(Device, { location: Schema.String }),
      error: [...withBody, ...unfit, Problem("invalid_number")]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Pair a device again that is not linked, perhaps with another account"),
    HttpApiEndpoint.post("reconnect", "/:id/reconnect", {
      params: { id: Schema.String },
      success: managed,
      error: [...anywhere, ...unfit]
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "Open a linked device's session again, if that has ended")
      .annotate(OpenApi.Description, "200 when it is connected, 202 while it is not."),
    HttpApiEndpoint.get("qrPng", "/:id/qr.png", {
      params: { id: Schema.String },
      success: Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array({ contentType: "image/png" })),
      error: noPicture
    })
      .annotate(RequiredScope, ["devices:manage"])
      .annotate(ShowsViews, "memory")
      .annotate(OpenApi.Summary, "The QR code of a device that is being paired, as a picture"),
    HttpApiEndpoint.get("qrSvg", "/:id/qr.svg", {
      params: { id: Schema.String },
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
