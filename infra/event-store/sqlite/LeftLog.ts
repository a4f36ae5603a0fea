import { statSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { Effect, Layer, Schema } from "effect"

/** A log stands in the folder, and another one is to be used: that would be begun as if nothing had been. */
export class LogLeft extends Schema.TaggedError<LogLeft>()("LogLeft", {
  file: Schema.String,
  variable: Schema.String
}) {
  override get message() {
    return `${this.file} holds a log, and ${this.variable} says that the log is elsewhere, where nothing of this one is known: unset ${this.variable}; or, to go on without what is in the file, move it to another folder (docs/deploy.md)`
  }
}

/** What a log says of itself alone, as one that was begun by a start that was then refused. */
const itself = "store-"

/** One that cannot be read may hold anything. */
const holdsAnything = (file: string) => {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return false
  try {
    const db = new DatabaseSync(file, { readOnly: true })
    try {
      return (
        db.prepare("SELECT 1 FROM events WHERE substr(stream, 1, ?) <> ? LIMIT 1").get(itself.length, itself) !==
        undefined
      )
    } finally {
      db.close()
    }
  } catch {
    return true
  }
}

/** Refuses a file in which a log was kept, now that `variable` has the address of one. */
export const refused = (file: string, variable: string) =>
  Layer.effectDiscard(
    Effect.suspend(() => (holdsAnything(file) ? Effect.fail(new LogLeft({ file, variable })) : Effect.void))
  )
