import { Schema } from "effect"

/** This EventStoreDB cannot be worked with, and why, for people. */
export class EventStoreDbUnfit extends Schema.TaggedError<EventStoreDbUnfit>()("EventStoreDbUnfit", {
  reason: Schema.String
}) {
  override get message() {
    return `EventStoreDB at EVENTSTORE_URL cannot be used: ${this.reason}`
  }
}
