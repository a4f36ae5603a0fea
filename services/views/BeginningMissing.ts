import type { StreamId } from "#domain/Ids.ts"

/** What came before in a stream is not in the rows, or not in the log. Thrown by what folds it. */
export class BeginningMissing extends Error {
  readonly stream: StreamId
  constructor(stream: StreamId) {
    super(`what ${stream} began with is missing`)
    this.stream = stream
  }
}
