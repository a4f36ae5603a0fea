import { Context, type Effect, Schema, type Scope, type Stream } from "effect"
import type { EventId } from "../Ids.ts"
import type { Instant } from "../Instant.ts"

export class ArchiveUnavailable extends Schema.TaggedError<ArchiveUnavailable>()("ArchiveUnavailable", {
  cause: Schema.Defect()
}) {
  override get message() {
    const cause = this.cause instanceof Error ? this.cause.message : "unknown"
    return `the archive cannot be written to: ${cause}. See whether what ARCHIVE_URL names is there, and has room`
  }
}

/** It is there, and is not fit to be one: what is wrong, and what to do. */
export class ArchiveUnfit extends Schema.TaggedError<ArchiveUnfit>()("ArchiveUnfit", { problem: Schema.String }) {
  override get message() {
    return this.problem
  }
}

/** Of which event of the log something is. */
export interface Place {
  readonly position: bigint
  readonly event: EventId
}

/** One line of an archive, and by what it is known. */
export interface ArchiveRecord {
  /** The same for the same, whenever it is archived. */
  readonly name: string
  readonly place: Place
  /** It is kept for so long from then on. */
  readonly receivedAt: Instant
  /** As it is to stand there: plain JSON. */
  readonly line: object
}

export interface OpenArchive {
  /** Of what it holds, the newest first. Empty for one that knows by their names what it holds. */
  readonly newest: Stream.Stream<Place, ArchiveUnavailable>
  /** All of them are there for good when it returns, in their order. */
  readonly append: (records: ReadonlyArray<ArchiveRecord>) => Effect.Effect<void, ArchiveUnavailable>
}

/** What came from outside, kept apart from everything else where nobody can change it; if there is such a place. */
export interface ArchiveService {
  /** Fails with `ArchiveUnfit` when what is archived there would not be kept as it has to be. */
  readonly ready: Effect.Effect<void, ArchiveUnavailable | ArchiveUnfit>
  /** One process has it at a time, until the scope closes. */
  readonly open: Effect.Effect<OpenArchive, ArchiveUnavailable | ArchiveUnfit, Scope.Scope>
}

export const Archive = Context.Reference<ArchiveService | undefined>("homing/domain/ports/Archive", {
  defaultValue: () => undefined
})
