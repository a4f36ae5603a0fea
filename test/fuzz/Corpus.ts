import type { Stanza } from "./Mutations.ts"

const node = (tag: string, attrs: Record<string, string> = {}, content?: Stanza["content"]): Stanza =>
  content === undefined ? { tag, attrs } : { tag, attrs, content }

const bob = "15550002@s.whatsapp.net"
const lid = "100000015550002@lid"
const group = "120363000000000000@g.us"
const bytes = Buffer.from("33081205", "hex")

/** Stanzas as WhatsApp says them, of every kind that Baileys listens to; what is random begins with one of them. */
export const corpus: ReadonlyArray<Stanza> = [
  node("notification", { id: "1", type: "encrypt", from: "s.whatsapp.net" }, [node("count", { value: "3" })]),
  node("notification", { id: "2", type: "encrypt", from: bob }, [node("identity")]),
  node("notification", { id: "3", type: "devices", from: bob, lid }, [
    node("add", { device_hash: "2:x" }, [
      node("device", { jid: "15550002:3@s.whatsapp.net", lid: "100000015550002:3@lid" })
    ])
  ]),
  node("notification", { id: "4", type: "w:gp2", from: group, participant: bob }, [
    node("create", { type: "new" }, [
      node("group", { id: group, creation: "1700000000", subject: "x", creator: bob }, [
        node("participant", { jid: bob, type: "admin", lid, phone_number: bob })
      ])
    ])
  ]),
  node("notification", { id: "5", type: "w:gp2", from: group, participant: lid }, [
    node("add", {}, [node("participant", { jid: bob })])
  ]),
  node("notification", { id: "6", type: "w:gp2", from: group, participant: lid }, [
    node("membership_approval_requests", { request_method: "invite_link" }, [node("requested_user", { jid: bob })])
  ]),
  node("notification", { id: "7", type: "mediaretry", from: bob }, [
    node("rmr", { jid: bob, from_me: "true" }),
    node("error", { code: "2" })
  ]),
  node("notification", { id: "8", type: "picture", from: bob }, [node("set", { jid: bob, id: "1", author: bob })]),
  node("notification", { id: "9", type: "account_sync", from: bob }, [
    node("disappearing_mode", { duration: "86400", t: "1700000000" })
  ]),
  node("notification", { id: "10", type: "account_sync", from: bob }, [
    node("blocklist", {}, [node("item", { jid: bob, action: "block" })])
  ]),
  node("notification", { id: "11", type: "server_sync", from: "s.whatsapp.net" }, [
    node("collection", { name: "regular", version: "4" })
  ]),
  node("notification", { id: "12", type: "privacy_token", from: bob, sender_lid: lid }, [
    node("tokens", {}, [node("token", { jid: bob, type: "trusted_contact", t: "1700000000" }, bytes)])
  ]),
  node("notification", { id: "13", type: "newsletter", from: "120363@newsletter" }, [
    node("live_updates", {}, [node("messages", {}, [node("message", { id: "1", server_id: "1" })])]),
    node("reaction", { message_id: "1" }, [node("reaction", { code: "x" })])
  ]),
  node("notification", { id: "14", type: "mex", from: "s.whatsapp.net" }, [
    node(
      "update",
      { op_name: "NotificationNewsletterUpdate" },
      Buffer.from('{"data":{"updates":[{"jid":"x","settings":{"a":1}}]}}')
    )
  ]),
  node("notification", { id: "15", type: "link_code_companion_reg", from: "s.whatsapp.net" }, [
    node("link_code_companion_reg", {}, [
      node("link_code_pairing_ref", {}, bytes),
      node("primary_identity_pub", {}, bytes),
      node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, bytes)
    ])
  ]),
  node("notification", { id: "16", type: "business", from: bob }, [node("verified_name", { jid: bob })]),
  node("receipt", { id: "17", from: bob, t: "1700000000" }),
  node("receipt", { id: "18", from: bob, type: "read", t: "1700000000" }, [
    node("list", {}, [node("item", { id: "19" })])
  ]),
  node("receipt", { id: "20", from: group, participant: lid, type: "retry", t: "1700000000" }, [
    node("retry", { count: "1", id: "20", t: "1700000000", v: "1" }),
    node("registration", {}, bytes),
    node("keys", {}, [node("type", {}, Buffer.of(5)), node("identity", {}, bytes)])
  ]),
  node("receipt", { id: "21", from: "15550001@s.whatsapp.net", recipient: bob, type: "sender", t: "1700000000" }),
  node(
    "message",
    { id: "22", from: lid, sender_pn: bob, addressing_mode: "lid", type: "text", t: "1700000000", notify: "x" },
    [node("enc", { v: "2", type: "pkmsg" }, bytes)]
  ),
  node("message", { id: "23", from: group, participant: lid, participant_pn: bob, type: "text", t: "1700000000" }, [
    node("enc", { v: "2", type: "skmsg" }, bytes),
    node("enc", { v: "2", type: "msg" }, bytes)
  ]),
  node("message", { id: "24", from: bob, type: "media", t: "1700000000", verified_name: "x" }, [
    node("verified_name", {}, bytes),
    node("unavailable", { type: "view_once" })
  ]),
  node("message", { id: "25", from: "120363@newsletter", type: "text", t: "1700000000", server_id: "1" }, [
    node("plaintext", {}, bytes)
  ]),
  node("message", { id: "26", from: "status@broadcast", participant: bob, type: "text", t: "1700000000" }, [
    node("enc", { v: "2", type: "plaintext" }, bytes)
  ]),
  node("call", { id: "27", from: bob, t: "1700000000" }, [
    node("offer", { "call-id": "C1", "call-creator": bob, caller_pn: bob }, [node("video")])
  ]),
  node("call", { id: "28", from: bob, t: "1700000000" }, [node("terminate", { "call-id": "C1", reason: "timeout" })]),
  node("call", { id: "29", from: bob, t: "1700000000" }, [node("relaylatency", { "call-id": "C1", latency: "20" })]),
  node("ack", { id: "30", class: "message", from: bob, t: "1700000000" }),
  node("ack", { id: "31", class: "message", from: bob, error: "463", phash: "2:x" }),
  node("presence", { from: bob, type: "unavailable", last: "1700000000" }),
  node("chatstate", { from: group, participant: bob }, [node("composing", { media: "audio" })]),
  node("ib", { from: "s.whatsapp.net" }, [node("dirty", { type: "groups", timestamp: "1700000000" })]),
  node("ib", { from: "s.whatsapp.net" }, [node("dirty", { type: "account_sync", timestamp: "1700000000" })]),
  node("ib", { from: "s.whatsapp.net" }, [node("edge_routing", {}, [node("routing_info", {}, bytes)])]),
  node("ib", { from: "s.whatsapp.net" }, [node("offline", { count: "1" })]),
  node("ib", { from: "s.whatsapp.net" }, [node("offline_preview", { count: "1" })]),
  node("iq", { id: "32", from: "s.whatsapp.net", type: "result" }),
  node("iq", { id: "33", from: "s.whatsapp.net", type: "set", xmlns: "md" }, [
    node("pair-device", {}, [node("ref", {}, bytes)])
  ])
]
