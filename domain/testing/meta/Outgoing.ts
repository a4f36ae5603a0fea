import type { JsonObject } from "../../Json.ts"
import { bsuid, business, contact, type Example, metadata, ofNumber, seconds, someone, wamid } from "./Example.ts"

const pricing = { billable: true, pricing_model: "PMP", category: "utility", type: "regular" }
const conversation = {
  id: "6ea5b4e9f0a84ad3a7b6c4c9f0c0b1d2",
  expiration_timestamp: "1749502783",
  origin: { type: "utility" }
}
const status = (name: string, more: JsonObject): Example => ({
  name: `status: ${name}`,
  payload: ofNumber("messages", {
    statuses: [{ id: wamid(700), timestamp: seconds, recipient_id: someone, ...more }]
  }),
  kinds: ["status"]
})
const call = (name: string, value: JsonObject, kinds: Example["kinds"] = ["call"]): Example => ({
  name: `call: ${name}`,
  payload: ofNumber("calls", value),
  kinds
})
const begun = {
  id: "wacid.ABGGFjFVU2AfAgo6V",
  to: business,
  from: someone,
  timestamp: seconds,
  direction: "USER_INITIATED"
}
const group = (field: string, name: string, more: JsonObject): Example => ({
  name: `${field}: ${name}`,
  payload: ofNumber(field, {
    groups: [
      {
        timestamp: seconds,
        group_id: "Y2FwaV9ncm91cDoxODA1NTU1",
        type: name,
        request_id: "784D93D0C468593037EA0B1ECA245D9C",
        ...more
      }
    ]
  }),
  kinds: ["other"]
})
const members = [
  { input: someone, wa_id: someone },
  { input: "16505551235", wa_id: "16505551235" }
]

/** What became of what a business said, and what it said itself elsewhere: statuses, echoes, histories, calls, groups. */
export const outgoing: ReadonlyArray<Example> = [
  status("sent", { status: "sent", conversation, pricing }),
  status("delivered", { status: "delivered", conversation, pricing, biz_opaque_callback_data: "order 17" }),
  status("read", { status: "read" }),
  status("played", { status: "played" }),
  status("failed", {
    status: "failed",
    errors: [
      {
        code: 131026,
        title: "Message undeliverable",
        message: "Message undeliverable",
        error_data: { details: "no" },
        href: "https://a.example"
      }
    ]
  }),
  status("of one in a group", {
    status: "read",
    recipient_type: "group",
    group_id: "Y2Fw",
    recipient_participant_id: someone
  }),
  status("by user id", { status: "sent", recipient_user_id: bsuid, recipient_parent_user_id: "US.ENT.1" }),
  {
    name: "echo of the business app",
    payload: ofNumber("smb_message_echoes", {
      message_echoes: [
        {
          from: business,
          to: someone,
          id: wamid(710),
          timestamp: seconds,
          type: "text",
          text: { body: "from the phone" }
        }
      ]
    }),
    kinds: ["echo"]
  },
  {
    name: "echo that revokes",
    payload: ofNumber("smb_message_echoes", {
      message_echoes: [
        {
          from: business,
          to: someone,
          id: wamid(711),
          timestamp: seconds,
          type: "revoke",
          revoke: { original_message_id: wamid(710) }
        }
      ]
    }),
    kinds: ["echo"]
  },
  {
    name: "contacts of the business app",
    payload: ofNumber("smb_app_state_sync", {
      state_sync: [
        {
          type: "contact",
          contact: { full_name: "Ada L.", first_name: "Ada", phone_number: someone },
          action: "add",
          metadata: { timestamp: seconds }
        },
        {
          type: "contact",
          contact: { phone_number: "16505551235" },
          action: "remove",
          metadata: { timestamp: seconds }
        }
      ]
    }),
    kinds: ["contact", "contact"]
  },
  {
    name: "history",
    payload: ofNumber("history", {
      history: [
        {
          metadata: { phase: 0, chunk_order: 1, progress: 55 },
          threads: [
            {
              id: someone,
              context: { wa_id: someone, username: "@ada" },
              messages: [
                {
                  from: someone,
                  id: wamid(720),
                  timestamp: seconds,
                  type: "text",
                  text: { body: "before" },
                  history_context: { status: "READ" }
                },
                {
                  from: business,
                  to: someone,
                  id: wamid(721),
                  timestamp: seconds,
                  type: "media_placeholder",
                  history_context: { status: "PENDING" }
                }
              ]
            }
          ]
        }
      ]
    }),
    kinds: ["history"]
  },
  {
    name: "history is not shared",
    payload: ofNumber("history", {
      history: [
        {
          errors: [{ code: 2593109, title: "not shared", message: "not shared", error_data: { details: "turned off" } }]
        }
      ]
    }),
    kinds: ["history"]
  },
  call("connect", {
    contacts: [contact],
    calls: [{ ...begun, event: "connect", session: { sdp_type: "offer", sdp: "v=0\r\n" } }]
  }),
  call("terminate", {
    calls: [
      {
        ...begun,
        event: "terminate",
        status: "COMPLETED",
        start_time: seconds,
        end_time: "1749416483",
        duration: 100,
        biz_opaque_callback_data: "x"
      }
    ]
  }),
  call("of the business", {
    calls: [
      {
        ...begun,
        id: "wacid.HBgNNjI4MTM2MTkwNTEz",
        from: business,
        to: someone,
        event: "connect",
        direction: "BUSINESS_INITIATED",
        session: { sdp_type: "answer", sdp: "v=0\r\n" }
      }
    ]
  }),
  call(
    "is ringing",
    { statuses: [{ id: begun.id, timestamp: seconds, type: "call", status: "RINGING", recipient_id: someone }] },
    ["status"]
  ),
  call("errors", { errors: [{ code: 131044, message: "no", href: "https://a.example" }] }, ["other"]),
  group("group_lifecycle_update", "group_create", {
    subject: "ours",
    description: "of us",
    invite_link: "https://chat.example/1",
    added_participants: members
  }),
  group("group_lifecycle_update", "group_delete", { errors: [{ code: 131215, title: "no", message: "no" }] }),
  group("group_settings_update", "group_settings_update", {
    profile_picture: { mime_type: "image/jpeg", sha256: "SfInY0gGKTsJlUWbwxC1k", update_successful: true },
    group_subject: { text: "theirs", update_successful: false, errors: [{ code: 1 }] }
  }),
  group("group_participants_update", "group_participants_remove", {
    removed_participants: members,
    initiated_by: "business"
  }),
  group("group_participants_update", "group_participants_add", { reason: "invite_link", added_participants: members }),
  group("group_participants_update", "group_join_request_created", { join_request_id: "1", wa_id: someone }),
  group("group_status_update", "group_suspend", {}),
  {
    name: "several numbers, people and fields at once",
    payload: {
      object: "whatsapp_business_account",
      entry: [
        {
          id: "1",
          changes: [
            {
              field: "messages",
              value: {
                metadata,
                contacts: [contact],
                messages: [{ from: someone, id: wamid(730), type: "text" }],
                statuses: [{ id: wamid(731), status: "read" }]
              }
            },
            { field: "security", value: { event: "PIN_CHANGED" } }
          ]
        },
        {
          id: "2",
          time: 1,
          changes: [
            { field: "messages", value: { messages: [{ from: "5511987654321", id: wamid(732), type: "text" }] } }
          ]
        }
      ]
    },
    kinds: ["message", "status", "other", "message"]
  }
]
