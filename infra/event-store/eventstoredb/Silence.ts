import { Schema } from "effect"

/** The server accepted the call and said nothing more. */
export class Silence extends Schema.TaggedError<Silence>()("Silence", { millis: Schema.Number }) {
  override get message() {
    return `EventStoreDB said nothing for ${Math.round(this.millis)} ms`
  }
}
