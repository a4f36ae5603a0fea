import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { HeardContent } from "#domain/inbound/Heard.ts"
import { Content } from "#domain/message/content/Content.ts"
import { Authorization, CountsAs, RequiredScope, ShowsViews, WrittenDown } from "./Authorization.ts"
import { kinds, lid, names, phone, Sender, shownToReaders } from "./Facts.ts"
import { count, flag, instant, nullable, text, uuid, word } from "./Members.ts"
import { Message } from "./MessagesApi.ts"
import { asOf } from "./Moment.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere, Problem } from "./Problems.ts"

const Chat = Schema.Struct({
  id: uuid("The chat's; that of a person is the contact's."),
  device: uuid("The device that speaks there."),
  kind: word(["person", "group", "broadcast", "channel", "other"], "What kind of chat it is."),
  names,
  phone,
  lid,
  address: Schema.optionalKey(text(`WhatsApp's address of what is no person. ${shownToReaders}`)),
  name: Schema.optionalKey(text(`As a person called themselves last, or what a group is called. ${shownToReaders}`)),
  lastHeardAt: Schema.optionalKey(instant("When a person was heard last, wherever that was."))
}).annotate({ identifier: "Chat", description: "What a device and somebody say to each other, or what a group does." })

const ChatPage = Schema.Struct({
  items: Schema.Array(Chat).annotate({ description: "Where something was said last first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "ChatPage", description: "Some of the chats." })

const fact = uuid("The fact that says so.")
const recordedAt = instant("When it was recorded, by the gateway's clock.")

/** Whoever did something to a message. */
const by = {
  fact,
  fromMe: flag("By the account itself, from its phone or another of its devices."),
  contact: Schema.optionalKey(uuid("The contact who did it.")),
  sender: Schema.optionalKey(Sender),
  recordedAt
}

const Reaction = Schema.Struct({
  ...by,
  emoji: text("What they think of it.")
}).annotate({ identifier: "ChatReaction", description: "What somebody thinks of a message." })

const Vote = Schema.Struct({
  ...by,
  chosen: Schema.optionalKey(
    Schema.Array(Schema.String).annotate({
      description: `SHA-256 (base64url) of each answer that they choose. ${shownToReaders}`
    })
  )
}).annotate({ identifier: "ChatVote", description: "Which answers of a poll somebody chooses." })

const ChatMessage = Schema.Struct({
  id: uuid("The message's where it was sent through the gateway, else the fact's."),
  origin: word(["sent", "heard"], "`sent`: through the gateway; `heard`: by the device, from whomever."),
  fromMe: flag("Sent by the account itself, through the gateway or otherwise."),
  waMessageId: Schema.optionalKey(text("WhatsApp's own id of it.")),
  status: Schema.optionalKey(Message.fields.status),
  error: Message.fields.error,
  contact: Schema.optionalKey(uuid("The contact who said it.")),
  sender: Schema.optionalKey(Sender),
  kind: word(kinds, "What kind of content it has, after the last edit."),
  content: Schema.optionalKey(
    Schema.Union([HeardContent, Content]).annotate({
      description: `What it says, after the last edit; absent where it was deleted. ${shownToReaders}`
    })
  ),
  edit: Schema.optionalKey(
    Schema.Struct({ fact, recordedAt }).annotate({ identifier: "ChatEdit", description: "Its last edit." })
  ),
  deletion: Schema.optionalKey(
    Schema.Struct({
      fact,
      byAdmin: Schema.optionalKey(
        flag("Present where an administrator of the group deleted it, not its sender; then `true`.")
      ),
      recordedAt
    }).annotate({ identifier: "ChatDeletion", description: "It was taken back, for everyone." })
  ),
  reactions: Schema.Array(Reaction).annotate({ description: "Each person's last, oldest first; 256 at most." }),
  olderReactions: Schema.optionalKey(
    count("How many people more have said what they think, or taken it back, before these; absent where nobody has.")
  ),
  votes: Schema.Array(Vote).annotate({ description: "Each person's last, oldest first; 256 at most." }),
  olderVotes: Schema.optionalKey(count("How many people more have voted before these; absent where nobody has.")),
  facts: Schema.Array(Schema.String).annotate({ description: "The ids of the facts of which this was made." }),
  isHistory: Schema.optionalKey(flag("Present where it is from before the device was linked; then `true`.")),
  conflicting: Schema.optionalKey(
    flag("Present where another fact has the same id of WhatsApp and says something else; then `true`.")
  ),
  sentAt: Schema.optionalKey(instant("When it was sent, by WhatsApp's clock; absent where that says nothing of use.")),
  recordedAt
}).annotate({ identifier: "ChatMessage", description: "Something in a chat, with what was done to it since." })

const ChatMessagePage = Schema.Struct({
  items: Schema.Array(ChatMessage).annotate({ description: "What was recorded last first, in both directions." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "ChatMessagePage", description: "Some of what was said in a chat." })

/** Of a page of chats, and of a page of one. */
export const chatPageSizes = { minimum: 1, maximum: 200, default: 50 } as const

const word255 = Schema.String.check(Schema.isMaxLength(255))
const id = uuid("The chat's id, or that of one that turned out to be the same.")
const whose =
  "Of the devices that the key's client was given by a list of its own; of every device with messages:read:all."

export class ChatsApi extends HttpApiGroup.make("chats")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        device: Schema.optionalKey(word255.annotate({ description: "Only those of this device." })),
        ...paging(chatPageSizes)
      },
      success: ChatPage,
      error: anywhere
    })
      .annotate(...pagingAs(chatPageSizes))
      .annotate(OpenApi.Summary, "Chats, where something was said last first; `next` is the `after` of the next page")
      .annotate(OpenApi.Description, whose),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id },
      success: Chat,
      error: [...anywhere, Problem("chat_not_found")]
    })
      .annotate(OpenApi.Summary, "A chat")
      .annotate(OpenApi.Description, whose),
    HttpApiEndpoint.get("messages", "/:id/messages", {
      params: { id },
      query: { ...paging(chatPageSizes), ...asOf },
      success: ChatMessagePage,
      error: [...anywhere, Problem("chat_not_found")]
    })
      .annotate(...pagingAs(chatPageSizes))
      .annotate(OpenApi.Summary, "What was said in a chat, both ways, with what was done to it since; newest first")
      .annotate(
        OpenApi.Description,
        `${whose} The order is that in which it was recorded: what came late, as a history does, stands where it came. With \`at\` what stood there then, and what had been done to it; who is who is as it is known now.`
      )
  )
  .annotateEndpoints(RequiredScope, ["messages:read"])
  .annotateEndpoints(ShowsViews, "rows")
  .annotateEndpoints(CountsAs, "messages")
  .annotateEndpoints(WrittenDown, { deed: "read", of: "chats" })
  .middleware(Authorization)
  .prefix("/v1/chats")
  .annotate(OpenApi.Description, "Read back what was said, chat by chat.") {}
