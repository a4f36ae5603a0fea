import type { Dice } from "../crash/Dice.ts"
import type { Words } from "./Update.ts"

/** What people and Meta say, by Meta's own kinds, with a mark in it. */

/** What the language has and its types do not know yet: a number that no `number` can hold. */
const { rawJSON } = JSON as typeof JSON & { readonly rawJSON: (text: string) => unknown }

export const texts: ReadonlyArray<string> = [
  "hello",
  "à bientôt, c’est noté",
  "مرحبا\u200f 42",
  "👩‍👩‍👧 and 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
  "e\u0301 is not é",
  'a "quoted" \\ back/slash\n\ttab\u0001\u2028',
  "half a character: \ud83d",
  "__proto__ constructor 0 null",
  ""
]

const media = (mark: string, mime: string): Words => ({
  id: `media.${mark}`,
  mime_type: mime,
  sha256: "Y4Yc+8x/2Q9dG0fRbq6Zl0xZ9g=",
  url: `https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&hash=${mark}`
})

type Saying = (mark: string, text: string, about: string) => Words

/** Of a message: its type, and what stands under it. */
export const messages: Readonly<Record<string, Saying>> = {
  text: (mark, text) => ({ text: { body: `${text} ${mark}` } }),
  image: (mark, text) => ({ image: { ...media(mark, "image/jpeg"), caption: text } }),
  video: (mark, text) => ({ video: { ...media(mark, "video/mp4"), caption: text } }),
  audio: (mark) => ({ audio: { ...media(mark, "audio/ogg; codecs=opus"), voice: true } }),
  document: (mark, text) => ({ document: { ...media(mark, "application/pdf"), filename: `${text}.pdf` } }),
  sticker: (mark) => ({ sticker: { ...media(mark, "image/webp"), animated: false } }),
  location: (mark, text) => ({
    location: { latitude: 4.597479, longitude: rawJSON("101.0901059999999990"), name: `${text} ${mark}`, address: "" }
  }),
  contacts: (mark, text) => ({
    contacts: [
      { name: { formatted_name: `${text} ${mark}`, first_name: text }, phones: [{ phone: "+1 555", type: "HOME" }] }
    ]
  }),
  reaction: (mark, _, about) => ({ reaction: { message_id: about, emoji: "👍🏽" }, referral_mark: mark }),
  interactive: (mark, text) => ({
    interactive: { type: "nfm_reply", nfm_reply: { response_json: JSON.stringify({ flow: mark, text }), body: "Sent" } }
  }),
  button: (mark, text) => ({ button: { payload: mark, text } }),
  order: (mark, text) => ({
    order: {
      catalog_id: rawJSON("12345678901234567890"),
      text: `${text} ${mark}`,
      product_items: [{ product_retailer_id: "a", quantity: 2, item_price: 50.5, currency: "MYR" }]
    }
  }),
  system: (mark, text) => ({ system: { body: `${text} ${mark}`, type: "user_changed_number", wa_id: "16505559999" } }),
  unsupported: (mark) => ({ errors: [{ code: 131051, title: "Message type unknown", error_data: { details: mark } }] }),
  hologram: (mark, text) => ({
    hologram: { depth: [[[{ mark, text }]]], on: null, is: JSON.parse('{"__proto__":{"a":1},"":true}') }
  })
}

/** Of an account: field and value. What it is called there is Meta's, and one that nobody knows yet. */
export const announcements: ReadonlyArray<(mark: string, dice: Dice) => readonly [field: string, value: Words]> = [
  (mark) => [
    "account_update",
    { event: "PARTNER_ADDED", waba_info: { waba_id: mark, owner_business_id: rawJSON("9007199254740993") } }
  ],
  (mark, dice) => [
    "message_template_status_update",
    {
      event: "APPROVED",
      message_template_id: 594425479261596 + dice.below(9),
      message_template_name: mark,
      reason: null
    }
  ],
  (mark) => [
    "phone_number_quality_update",
    { display_phone_number: "16505551111", event: "FLAGGED", current_limit: mark }
  ],
  (mark) => [
    "account_alerts",
    { entity_type: "BUSINESS", alert_info: { alert_severity: "WARNING", alert_description: mark } }
  ],
  (mark) => ["security", { event: "PIN_CHANGED", requester: mark }],
  (mark) => ["flows", { event: "ENDPOINT_LATENCY", message: mark, p50_latency: rawJSON("0.10000000000000000001") }],
  (mark) => ["business_capability_update", { max_daily_conversation_per_phone: -1, marked: [mark] }],
  (mark) => ["telepathy_update", { thought: mark, people: [], statuses: "none", messages: {} }]
]
