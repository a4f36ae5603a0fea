import type { JsonObject } from "../../Json.ts"
import { bsuid, business, contact, type Example, ofNumber, seconds, someone, wamid } from "./Example.ts"

let count = 0
const said = (name: string, message: JsonObject, contacts: JsonObject = contact): Example => ({
  name,
  payload: ofNumber("messages", {
    contacts: [contacts],
    messages: [{ from: someone, id: wamid(++count), timestamp: seconds, ...message }]
  }),
  kinds: ["message"]
})
const media = {
  mime_type: "image/jpeg",
  sha256: "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=",
  id: "1003383421387256"
}
const answering = { context: { from: business, id: wamid(900) } }
const interactive = (type: string, reply: JsonObject) => ({
  ...answering,
  type: "interactive",
  interactive: { type, [type]: reply }
})

/** Of the field `messages`: what people say. */
export const messages: ReadonlyArray<Example> = [
  said("text", { type: "text", text: { body: "Is it there in green?" } }),
  said("text about a product", {
    context: {
      ...answering.context,
      referred_product: { catalog_id: "194836987003835", product_retailer_id: "di9oz" }
    },
    type: "text",
    text: { body: "Is this one still there?" }
  }),
  said("text from an advertisement", {
    referral: {
      source_url: "https://fb.me/3cr4Wqqkv",
      source_id: "120226305854810726",
      source_type: "ad",
      body: "Plants of the summer",
      headline: "Write to us",
      media_type: "image",
      image_url: "https://scontent.example/v/t45.1",
      ctwa_clid: "Aff-n8ZTODiE79d22KtAwQKj9e_mIEOO",
      welcome_message: { text: "What can we do for you?" }
    },
    type: "text",
    text: { body: "Tell me more" }
  }),
  said("forwarded often", {
    context: { frequently_forwarded: true, forwarded: true },
    type: "text",
    text: { body: "!" }
  }),
  said("reaction", { type: "reaction", reaction: { message_id: wamid(901), emoji: "\ud83d\udc4d" } }),
  said("reaction taken back", { type: "reaction", reaction: { message_id: wamid(901) } }),
  said("image", { type: "image", image: { caption: "look", ...media, url: "https://lookaside.example/?mid=1" } }),
  said("audio", { type: "audio", audio: { ...media, mime_type: "audio/ogg; codecs=opus", voice: true } }),
  said("video", { type: "video", video: { ...media, mime_type: "video/mp4", caption: "move" } }),
  said("document", { type: "document", document: { ...media, mime_type: "application/pdf", filename: "a/b.pdf" } }),
  said("sticker", { type: "sticker", sticker: { ...media, mime_type: "image/webp", animated: false } }),
  said("location", {
    type: "location",
    location: {
      address: "1 Main St",
      latitude: 37.44221496582,
      longitude: -122.16165924072,
      name: "Café",
      url: "https://a.example/"
    }
  }),
  said("contacts", {
    type: "contacts",
    contacts: [
      {
        addresses: [{ city: "Menlo Park", country_code: "us", street: "1 Hacker Way", type: "WORK", zip: "94025" }],
        birthday: "1999-01-23",
        emails: [{ email: "lucia@example.org", type: "WORK" }],
        name: { first_name: "Lucía", last_name: "Gómez", formatted_name: "Lucía Gómez" },
        org: { company: "Lucky Shrub", department: "Legal" },
        phones: [{ phone: "+1 (983) 555-2319", wa_id: "19835552319", type: "MOBILE" }],
        urls: [{ url: "https://example.org", type: "WORK" }]
      }
    ]
  }),
  said("unsupported", {
    errors: [
      {
        code: 131051,
        title: "Message type unknown",
        message: "Message type unknown",
        error_data: { details: "not supported" }
      }
    ],
    type: "unsupported",
    unsupported: { type: "poll_creation" }
  }),
  said("button of a template", { ...answering, type: "button", button: { payload: "stop", text: "Stop" } }),
  said("list reply", interactive("list_reply", { id: "express", title: "Express", description: "tomorrow" })),
  said("button reply", interactive("button_reply", { id: "cancel", title: "Cancel" })),
  said(
    "reply of a flow",
    interactive("nfm_reply", { name: "flow", body: "Sent", response_json: '{"flow_token":"t","n":1}' })
  ),
  said(
    "permission to call",
    interactive("call_permission_reply", {
      response: "accept",
      expiration_timestamp: 1749416999,
      response_source: "user_action"
    })
  ),
  said("order", {
    type: "order",
    order: {
      catalog_id: "194836987003835",
      text: "",
      product_items: [
        { product_retailer_id: "di9ozbzfi4", quantity: 2, item_price: 30, currency: "USD" },
        { product_retailer_id: "nqryix03ez", quantity: 1, item_price: 25.5, currency: "USD" }
      ]
    }
  }),
  said("edited", {
    type: "edit",
    edit: { original_message_id: wamid(902), message: { type: "text", text: { body: "mended" } } }
  }),
  said("revoked", { type: "revoke", revoke: { original_message_id: wamid(902) } }),
  said("in a group", { group_id: "Y2FwaV9ncm91cDoxODA1", type: "text", text: { body: "to all" } }),
  said(
    "who may be somebody else now",
    { type: "text", text: { body: "me" } },
    { ...contact, identity_key_hash: "DF2lS5v2W6x=" }
  ),
  said(
    "with a user name and a number",
    { from_user_id: bsuid, from_parent_user_id: "US.ENT.11815799212886844830", type: "text", text: { body: "hi" } },
    {
      ...contact,
      user_id: bsuid,
      parent_user_id: "US.ENT.11815799212886844830",
      profile: { name: "Ada", username: "@ada" }
    }
  ),
  {
    name: "with a user name alone",
    payload: ofNumber("messages", {
      contacts: [{ profile: { name: "Ada", username: "@ada" }, user_id: bsuid }],
      messages: [{ from_user_id: bsuid, id: wamid(800), timestamp: seconds, type: "text", text: { body: "hi" } }]
    }),
    kinds: ["message"]
  },
  ...[
    { body: "User Ada changed from 16505551234 to 12195555358", wa_id: "12195555358", type: "user_changed_number" },
    { body: "User Ada changed", user_id: "US.1", type: "user_changed_user_id" },
    { body: "Ada's identity changed", identity: "DF2lS5v2W6x=", type: "customer_identity_changed" }
  ].map(
    (system, i): Example => ({
      name: `system: ${system.type}`,
      payload: ofNumber("messages", {
        messages: [{ from: someone, id: wamid(810 + i), timestamp: seconds, type: "system", system }]
      }),
      kinds: ["message"]
    })
  ),
  {
    name: "errors of the number",
    payload: ofNumber("messages", {
      errors: [
        {
          code: 130429,
          title: "Rate limit hit",
          message: "Rate limit hit",
          error_data: { details: "too many" },
          href: "https://a.example"
        }
      ]
    }),
    kinds: ["other"]
  }
]
