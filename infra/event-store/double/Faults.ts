import { Schema } from "effect"

const Count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const Milliseconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_600_000 }))

export const Method = Schema.Literals(["read", "subscribe", "append", "batch-append", "delete", "features"])
export type Method = typeof Method.Type

/** Absent: every method. */
const method = Schema.optionalKey(Method)
/** How often it strikes. Absent: until it is lifted. */
const times = Schema.optionalKey(Count)

export const Fault = Schema.Union([
  /** Takes the call and never answers; nothing of it is stored. An open subscription hears nothing meanwhile. */
  Schema.Struct({ fault: Schema.Literal("silence"), method, times }),
  /** Takes the call and looks at it when it is lifted. An open subscription hears nothing meanwhile. */
  Schema.Struct({ fault: Schema.Literal("stall"), method }),
  /** Resets every connection. Those made from now on are accepted and never spoken on, also after it is lifted. */
  Schema.Struct({ fault: Schema.Literal("mute"), times }),
  /** UNAVAILABLE. */
  Schema.Struct({ fault: Schema.Literal("refuse"), method, times }),
  /** Before the call is looked at. */
  Schema.Struct({ fault: Schema.Literal("delay"), millis: Milliseconds, method, times }),
  /** The batch path's long call ends without an error and without an answer to the append that came; not stored. */
  Schema.Struct({ fault: Schema.Literal("end-batch"), times }),
  /** A subscription ends, `clean`, or with UNKNOWN, once this many more events have been sent to subscribers. */
  Schema.Struct({
    fault: Schema.Literal("end-subscription"),
    how: Schema.Literals(["clean", "error"]),
    afterEvents: Count,
    times
  }),
  /** The append is stored; then every connection is dropped, or no answer comes. */
  Schema.Struct({ fault: Schema.Literal("lose-answer"), how: Schema.Literals(["drop", "withhold"]), times }),
  /** The process kills itself with SIGKILL around the commit of the next append, after this many others. */
  Schema.Struct({
    fault: Schema.Literal("kill"),
    at: Schema.Literals(["before-commit", "after-commit"]),
    afterAppends: Count
  })
])
export type Fault = typeof Fault.Type
