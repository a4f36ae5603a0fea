import type streams from "@eventstore/db-client/generated/streams_pb.js"
import type { StoredEvent } from "./Log.ts"

export type Matches = (event: StoredEvent) => boolean

export interface Filter {
  readonly matches: Matches
  /** How many events one page looks at while catching up. */
  readonly window: number
  /** Events looked at between two checkpoints. */
  readonly checkpointInterval: number
}

const defaultWindow = 32

/** Without a filter every event fits and there are no checkpoints. */
export const filterOf = (options: streams.ReadReq.Options): Filter => {
  const filter = options.getFilter()
  if (filter === undefined) {
    return { matches: () => true, window: defaultWindow, checkpointInterval: Number.POSITIVE_INFINITY }
  }
  const window = filter.hasMax() ? filter.getMax() : defaultWindow
  const byStream = filter.getStreamIdentifier()
  const byType = filter.getEventType()
  const fits = fitting((byStream ?? byType)!)
  return {
    matches: byStream ? ({ stream }) => fits(stream) : ({ type }) => fits(type),
    window,
    checkpointInterval: window * Math.max(1, filter.getCheckpointintervalmultiplier())
  }
}

const fitting = (expression: streams.ReadReq.Options.FilterOptions.Expression) => {
  const regex = expression.getRegex()
  if (regex !== "") {
    const pattern = new RegExp(regex)
    return (text: string) => pattern.test(text)
  }
  const prefixes = expression.getPrefixList()
  return (text: string) => prefixes.some((prefix) => text.startsWith(prefix))
}
