/** What Meta's Cloud API tells, a line for each kind, as its documents show them. */

interface Update {
  readonly what: string
  readonly field: string
  readonly value: object
}

const metadata = { display_phone_number: "15550783881", phone_number_id: "106540352242922" }
const account = "102290129340398"
const seconds = "1749416383"

/** `run` is in every id: what is told by another run is something else. */
export const updates = (run: string): ReadonlyArray<Update> => {
  let count = 0
  const id = () => `wamid.${run}${count++}`
  const said = (type: string, content: object, who: object = { from: "16505551234" }, more: object = {}) => ({
    contacts: [{ profile: { name: "Zoë 🙏" }, wa_id: "16505551234" }],
    messages: [{ ...who, id: id(), timestamp: seconds, type, [type]: content, ...more }]
  })
  const messages: ReadonlyArray<readonly [what: string, value: object]> = [
    ["text", said("text", { body: "Grüße aus Köln 👋" })],
    ["image", said("image", { caption: "look", mime_type: "image/jpeg", sha256: "abc", id: "2754859441498128" })],
    ["audio", said("audio", { mime_type: "audio/ogg", id: "2754859441498129", voice: true })],
    ["document", said("document", { filename: "a/b.pdf", mime_type: "application/pdf", id: "2754859441498130" })],
    ["sticker", said("sticker", { mime_type: "image/webp", id: "2754859441498131", animated: false })],
    ["location", said("location", { latitude: 37.44216251868683, longitude: -122.16153582049394 })],
    ["contacts", said("contacts", [{ name: { formatted_name: "Barbara" }, phones: [{ phone: "+1650" }] }])],
    ["button reply", said("interactive", { type: "button_reply", button_reply: { id: "yes", title: "Yes" } })],
    ["order", said("order", { catalog_id: "194836987003835", product_items: [{ quantity: 2, item_price: 30.5 }] })],
    ["reaction", said("reaction", { message_id: `wamid.${run}0`, emoji: "👍" })],
    ["system", said("system", { body: "changed from A to B", type: "user_changed_number", wa_id: "12195555358" })],
    ["unsupported", said("unsupported", {}, undefined, { errors: [{ code: 131051, title: "Unsupported" }] })],
    ["without a number", said("text", { body: "salam" }, { from_user_id: "MA.1587668549511396" })],
    ["to a group", said("text", { body: "all" }, undefined, { group_id: "Y2FwaV9ncm91cDo" })]
  ]
  const sent = id()
  const statuses = ["sent", "delivered", "read", "failed"].map(
    (status) => [status, { statuses: [{ id: sent, status, timestamp: seconds, recipient_id: "16505551234" }] }] as const
  )
  const others: ReadonlyArray<readonly [field: string, value: object]> = [
    ["message_template_status_update", { event: "APPROVED", message_template_id: 1689556908129832, run }],
    ["phone_number_quality_update", { event: "FLAGGED", current_limit: "TIER_10K", run }],
    ["account_update", { event: "VERIFIED_ACCOUNT", run }],
    ["security", { event: "PIN_CHANGED", requester: "123", run }],
    ["history", { history: [{ metadata: { phase: 0, chunk_order: 1, progress: 55 }, threads: [{ id: run }] }] }],
    ["smb_message_echoes", { message_echoes: [{ from: "1555", to: "16505551234", id: id(), type: "text" }] }],
    ["smb_app_state_sync", { state_sync: [{ type: "contact", contact: { phone_number: "16505551234" }, run }] }],
    ["calls", { calls: [{ id: `wacid.${run}`, from: "16505551234", event: "connect", timestamp: seconds }] }],
    ["user_preferences", { user_preferences: [{ wa_id: "16505551234", value: "stop", run }] }],
    ["something_new", { number: 2 ** 53, run }]
  ]
  return [
    ...messages.map(([what, value]) => ({ what, field: "messages", value })),
    ...statuses.map(([what, value]) => ({ what: `status ${what}`, field: "messages", value })),
    ...others.map(([field, value]) => ({ what: field, field, value }))
  ]
}

/** As Meta posts them: an entry each, in one request. */
export const posted = (some: ReadonlyArray<Update>): string =>
  JSON.stringify({
    object: "whatsapp_business_account",
    entry: some.map(({ field, value }) => ({
      id: account,
      time: Math.floor(Date.now() / 1_000),
      changes: [{ value: { messaging_product: "whatsapp", metadata, ...value }, field }]
    }))
  })

/** The same JSON in ASCII, as Meta wrote it for years. */
export const escaped = (json: string): string =>
  json
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .replaceAll("/", "\\/")
