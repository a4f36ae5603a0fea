import { createHmac } from "node:crypto"
import { request } from "node:http"
import { Effect, Redacted } from "effect"
import type { Options } from "#services/meta/Receiving.ts"
import { gatewayOptions } from "./Homing.ts"

/** What Meta does at the gateway's address. Signed by node itself, not by what is tested. */

export const secret = "5f2b8c0d9e1a4763b8c0d9e1a47635f2"
export const token = "a verify token of Meta's"
export const path = "/webhooks/meta/whatsapp"

export const optionsOf = (meta: Partial<Options> = {}) => ({
  ...gatewayOptions,
  meta: {
    appSecret: Redacted.make(secret),
    verifyToken: Redacted.make(token),
    forwardTimeoutMs: 3_000,
    rawDays: 14,
    ...meta
  }
})

export const signed = (bytes: Uint8Array | string, key = secret) =>
  `sha256=${createHmac("sha256", key).update(bytes).digest("hex")}`

const metadata = { display_phone_number: "15550783881", phone_number_id: "106540352242922" }
export const changed = (value: object, field = "messages", account = "102290129340398") => ({
  object: "whatsapp_business_account",
  entry: [
    {
      id: account,
      time: 1_760_000_000,
      changes: [{ value: { messaging_product: "whatsapp", metadata, ...value }, field }]
    }
  ]
})
export const message = (id: string, body: string, from = "16505551234") => ({
  from,
  id: `wamid.${id}`,
  timestamp: "1749416383",
  type: "text",
  text: { body }
})
export const contact = (wa_id: string, name: string) => ({ profile: { name }, wa_id })
export const status = (id: string, of: string, recipient_id = "16505551234") => ({
  id: `wamid.${id}`,
  status: of,
  timestamp: "1750030073",
  recipient_id
})

export interface Answered {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** `headers` win over those that Meta sends; `undefined` leaves one out. */
export const post = (
  url: string,
  body: Uint8Array | string,
  headers: Readonly<Record<string, string | undefined>> = {},
  at = path
): Effect.Effect<Answered> =>
  Effect.promise(async () => {
    const all = { "content-type": "application/json", "x-hub-signature-256": signed(body), ...headers }
    const given = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined)
    const answer = await fetch(`${url}${at}`, { method: "POST", headers: given, body: body as Uint8Array<ArrayBuffer> })
    return { status: answer.status, text: await answer.text(), headers: answer.headers }
  })

/** A body that comes piece by piece, as its sender likes: the answer, whenever it comes. */
export const pieces = (
  url: string,
  headers: Readonly<Record<string, string>>,
  write: (send: (piece: Uint8Array | string) => void, end: () => void) => void
): Effect.Effect<{ readonly status: number; readonly text: string }> =>
  Effect.callback((resume) => {
    let isOver = false
    const tell = (status: number, text: string) => {
      if (!isOver) resume(Effect.succeed({ status, text }))
      isOver = true
    }
    const asking = request(`${url}${path}`, { method: "POST", headers }, (answer) => {
      let text = ""
      answer.setEncoding("utf8").on("data", (piece) => (text += piece))
      answer.on("end", () => tell(answer.statusCode!, text))
    })
    asking.on("error", () => tell(0, ""))
    write(
      (piece) => void asking.write(piece),
      () => void asking.end()
    )
  })
