import { Context, Layer } from "effect"
import { Message, type MessageCommand, type MessageRejected, type MessageState } from "#domain/message/Message.ts"
import * as AggregateActors from "../runtime/AggregateActors.ts"

/** The messages in memory, one actor each, shared by all that speak to them. */
export class MessageActors extends Context.Service<
  MessageActors,
  AggregateActors.AggregateActors<MessageState, MessageCommand, MessageRejected>
>()("homing/services/messages/MessageActors") {}

export const layer = Layer.effect(MessageActors, AggregateActors.make(Message))
