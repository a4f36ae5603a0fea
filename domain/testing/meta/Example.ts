import type { JsonObject } from "../../Json.ts"
import type { Piece } from "../../meta/Splitting.ts"

/**
 * A webhook as Meta documents it: shapes and names of members are of facebook/openapi (business-messaging-api_v23.0.yaml,
 * /whatsapp/webhooks) and of the webhook reference at developers.facebook.com/documentation/business-messaging/whatsapp, people
 * and words are made up here.
 */
export interface Example {
  readonly name: string
  readonly payload: JsonObject
  /** What it comes to, piece by piece. */
  readonly kinds: ReadonlyArray<Piece["kind"]>
}

export const account = "102290129340398"
export const business = "15550783881"
export const someone = "16505551234"
export const bsuid = "US.13491208655302741918"
export const wamid = (n: number) => `wamid.HBgLMTY1MDU1NTEyMzQVAgASGBQzQTRB${String(n).padStart(10, "0")}RgA=`
export const seconds = "1749416383"
export const metadata = { display_phone_number: business, phone_number_id: "106540352242922" }
export const contact = { profile: { name: "Ada Lovelace" }, wa_id: someone }

/** Of a number. */
export const ofNumber = (field: string, value: JsonObject): JsonObject => ({
  object: "whatsapp_business_account",
  entry: [{ id: account, changes: [{ value: { messaging_product: "whatsapp", metadata, ...value }, field }] }]
})

/** Of the account: such have a time, and nothing of a number. */
export const ofAccount = (field: string, value: JsonObject): JsonObject => ({
  entry: [{ id: account, time: 1_739_321_024, changes: [{ field, value }] }],
  object: "whatsapp_business_account"
})
