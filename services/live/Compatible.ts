import { Effect, Schema, Stream } from "effect"
import type { DisconnectReason } from "#domain/ports/WhatsApp.ts"
import { may, mayUse } from "../api/Principal.ts"
import type { PublicType } from "../api/PublicTypes.ts"
import { type PairingCode, PairingCodes } from "../devices/PairingCodes.ts"
import type { Dialect } from "./Dialect.ts"
import { introducing } from "./Introducing.ts"

/**
 * `/ws`: how devices are paired and stand, in the words of the gateway `wa-gateway-go`, for programs that were written for
 * it. A device's `token` is its id. Nothing is said again that was missed: `/v1/live` does that.
 */

const introducedIn = introducing(
  Schema.Struct({ type: Schema.Literal("auth"), apiKey: Schema.String.check(Schema.isMaxLength(512)) })
)

const words: { readonly [T in PublicType]?: object } = {
  "homing.device.connected.v1": { event: "connection-success" },
  "homing.device.disconnected.v1": { event: "connection-error", message: "Disconnected" },
  "homing.device.logged_out.v1": { event: "connection-error", message: "Logged out" }
}
const types = Object.keys(words)
/** WhatsApp asks for it in the middle of linking a phone: there nothing is said of it. */
const restarting: DisconnectReason = "restarting"

const codeSaid = ({ code, device: token, method }: PairingCode & { readonly device: string }) =>
  method === "qr" ? { event: "qrcode", token, data: code } : { event: "pairing-code", token, data: { code } }

const answer = (success: boolean, message?: string) => JSON.stringify({ type: "auth", success, message })

export const make = Effect.map(PairingCodes, ({ shown }): Dialect => {
  return {
    introduced: (text) => {
      const found = introducedIn(text)
      return found && { key: found.apiKey, filter: { types } }
    },
    asked: () => ({ types }),
    welcome: () => answer(true),
    refusal: ({ code, title }) =>
      answer(
        false,
        code === "unauthorized" ? "Invalid API key" : code === "request_timeout" ? "Authentication timeout" : title
      ),
    said: ({ event: { data, subject: token, type } }) =>
      data.reason === restarting ? undefined : JSON.stringify({ token, ...words[type as PublicType] }),
    marked: () => undefined,
    besides: (principal) =>
      may(principal, "devices:manage")
        ? shown.pipe(
            Stream.filter(({ device }) => mayUse(principal, device)),
            Stream.map((code) => JSON.stringify(codeSaid(code)))
          )
        : Stream.empty
  }
})
