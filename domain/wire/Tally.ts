import { Context, Effect, Metric } from "effect"

/** How often the same reason is spoken of. */
const everyMillis = 60_000
const context = Context.empty()

/**
 * Counts refusals by reason, in a metric and in all, and logs each reason at once and then once a minute with how many
 * there were: whoever floods a lane with forgeries does not flood the log. Reasons come from fixed lists.
 */
export const tally = (options: {
  readonly metric: string
  readonly description: string
  readonly logged: string
  /** What the log calls whoever is refused. */
  readonly whose?: string
}) => {
  const { whose = "agent" } = options
  const kinds = new Map<string, { readonly series: Metric.Counter<number>; unsaid: number; said: number }>()
  let total = 0
  const kindOf = (reason: string) => {
    let kind = kinds.get(reason)
    if (kind === undefined) {
      const { description, metric } = options
      const series = Metric.counter(metric, { description, attributes: { reason }, incremental: true })
      kind = { series, unsaid: 0, said: Number.NEGATIVE_INFINITY }
      kinds.set(reason, kind)
    }
    return kind
  }

  return {
    total: () => total,
    /** Of what is no refusal: counted only. */
    note: (reason: string): void => kindOf(reason).series.updateUnsafe(1, context),
    /** `millis` is now. */
    count: (reason: string, who: string, millis: number): Effect.Effect<void> => {
      const kind = kindOf(reason)
      total++
      kind.unsaid++
      kind.series.updateUnsafe(1, context)
      if (millis - kind.said < everyMillis) return Effect.void
      const { unsaid: count } = kind
      kind.said = millis
      kind.unsaid = 0
      return Effect.logWarning(options.logged, { [whose]: who, reason, count })
    }
  }
}
