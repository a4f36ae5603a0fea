import { Result, Schema } from "effect"
import { type Aggregate, aggregate } from "../Aggregate.ts"
import type { Decider } from "../Decider.ts"
import { type EventOf, released } from "../Events.ts"
import { type ErasureId, SubjectId } from "../Ids.ts"
import { Instant } from "../Instant.ts"

/** One person's data, destroyed for good: asked for, found, done. Whose it was is told by keyed digests alone. */

// Events

export const causes = [
  /** Somebody asked for it. */
  "asked",
  /** Nothing was said or heard for as long as the settings keep a person. */
  "age"
] as const
export type Cause = (typeof causes)[number]

const requested = Schema.Struct({ subject: SubjectId, cause: Schema.Literals(causes) })

/** Every name of theirs: a phone number, a LID, an id of Meta's. */
const names = Schema.Array(SubjectId).check(Schema.isMinLength(1))
const counts = {
  /** Data keys, in whatever version. */
  keys: Schema.Natural,
  /** Requests of Meta's and of session sources, whose raw bytes name the person. */
  requests: Schema.Natural,
  /** What was told of the person at length, and so stands in bytes of its own. */
  texts: Schema.Natural
}

/** What there is of the person, before any of it is destroyed: a process that ends in between knows what it was about. */
const gathered = Schema.Struct({ names, ...counts })
export type Gathered = typeof gathered.Type

export const places = [
  /** What agents keep of commands and of sessions, encrypted. */
  "agents",
  /** What stands on the bus for other services. */
  "events",
  /** Requests that were archived, where nobody can change them. */
  "archive",
  /** Raw bytes of other requests: not taken apart yet, or repeating what an earlier one had told of the person. */
  "requests",
  /** What endpoints, targets and whoever reads events were told. */
  "receivers",
  /** What others, and the accounts themselves, have said about or to the person under keys of their own. */
  "others",
  /** Copies of databases and folders from before. */
  "backups"
] as const
export type LeftPlace = (typeof places)[number]

/** What is out of reach, and until when if that is known. */
const left = Schema.Array(Schema.Struct({ place: Schema.String, until: Schema.optionalKey(Instant) }))
export type Left = typeof left.Type

/** Whoever remembers keys of these names forgets them now. */
const done = Schema.Struct({ at: Instant, names, ...counts, left })
export type Done = typeof done.Type

const events = {
  "erasure.requested": released(requested),
  "erasure.gathered": released(gathered),
  "erasure.done": released(done)
}
export type ErasureEvent = EventOf<typeof events>

// Commands

export type ErasureCommand =
  | ({ readonly _tag: "Request" } & typeof requested.Type)
  /** More may be found while it is under way. */
  | { readonly _tag: "Gather"; readonly gathered: Gathered }
  | { readonly _tag: "Finish"; readonly done: Done }

export class ErasureRejected extends Schema.TaggedError<ErasureRejected>()("ErasureRejected", {
  reason: Schema.Literals([
    /** Under this id somebody else is erased. */
    "other_subject",
    "not_requested",
    /** What is destroyed was not recorded before. */
    "not_gathered"
  ])
}) {}

// State

export type ErasureState =
  | { readonly _tag: "Nothing" }
  | {
      readonly _tag: "Requested" | "Gathered" | "Done"
      readonly subject: SubjectId
      /** What was found so far; before that nothing. */
      readonly found: Gathered | undefined
    }

type Decision = Result.Result<ReadonlyArray<ErasureEvent>, ErasureRejected>
const accept = (...events: ReadonlyArray<ErasureEvent>): Decision => Result.succeed(events)
const reject = (reason: ErasureRejected["reason"]): Decision => Result.fail(new ErasureRejected({ reason }))

const decider: Decider<ErasureState, ErasureCommand, ErasureEvent, ErasureRejected> = {
  initialState: { _tag: "Nothing" },

  decide: (command, state) => {
    if (command._tag === "Request") {
      const { cause, subject } = command
      if (state._tag === "Nothing") return accept({ type: "erasure.requested", data: { subject, cause } })
      return state.subject === subject ? accept() : reject("other_subject")
    }
    if (state._tag === "Nothing") return reject("not_requested")
    if (state._tag === "Done") return accept()
    if (command._tag === "Gather") {
      const known = new Set(state.found?.names)
      const isKnown = state.found !== undefined && command.gathered.names.every((name) => known.has(name))
      return isKnown ? accept() : accept({ type: "erasure.gathered", data: command.gathered })
    }
    return state.found === undefined ? reject("not_gathered") : accept({ type: "erasure.done", data: command.done })
  },

  evolve: (state, { data, type }) => {
    if (type === "erasure.requested") return { _tag: "Requested", subject: data.subject, found: undefined }
    if (state._tag === "Nothing") return state
    if (type === "erasure.gathered") return { ...state, _tag: "Gathered", found: data }
    return { ...state, _tag: "Done" }
  }
}

export const Erasure: Aggregate<ErasureId, ErasureState, ErasureCommand, ErasureEvent, ErasureRejected> = aggregate({
  category: "erasure",
  events,
  decider,
  isSettled: ({ _tag }) => _tag === "Done"
})
