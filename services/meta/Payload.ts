import type { Json, JsonObject } from "#domain/Json.ts"

/** As a reader of a body would have it: without a byte order mark, and with what is not UTF-8 replaced. The bytes stay. */
const decoder = new TextDecoder("utf-8")

/** The JSON that the bytes are; `undefined` when they are none. */
export const payloadIn = (bytes: Uint8Array): Json | undefined => {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    return undefined
  }
}

const object = "whatsapp_business_account"

/** Whether it is what this address is for. */
export const isOfWhatsApp = (payload: Json): payload is JsonObject =>
  typeof payload === "object" && payload !== null && "object" in payload && payload.object === object
