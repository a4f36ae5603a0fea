import { request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import { Effect, Layer, Option, Redacted, Schedule, Schema } from "effect"
import { type Span, Traces } from "#domain/ports/Tracing.ts"
import { tracing } from "#domain/tracing/Spans.ts"
import { tally } from "#domain/wire/Tally.ts"
import { written } from "./OtlpJson.ts"

export interface Options {
  /** Of the collector, as in `OTEL_EXPORTER_OTLP_ENDPOINT`: `/v1/traces` is put behind it. */
  readonly endpoint: URL
  /** What a request has to say of who sends it. */
  readonly headers?: Redacted.Redacted<Readonly<Record<string, string>>> | undefined
  readonly service: string
  readonly version: string
  /** Of the traces that begin here, how many are made: from 0 to 1. */
  readonly share: number
  readonly timeoutMillis?: number
}

/** So many wait for a collector; what comes then is dropped, and counted. */
const mostWaiting = 4_096
const mostAtOnce = 512

const drops = tally({
  metric: "homing_trace_spans_dropped_total",
  description: "Spans that no collector took, by why.",
  logged: "spans are dropped",
  whose: "collector"
})

/** It may take the same a little later. */
const isPassing = (status: number) => status === 429 || (status >= 502 && status <= 504)

class NotTaken extends Schema.TaggedError<NotTaken>()("NotTaken", { isPassing: Schema.Boolean }) {}

/** Posts, and answers with the status; what the collector says beside it is not read. */
const post = (url: URL, headers: Readonly<Record<string, string>>, body: Uint8Array, timeoutMillis: number) =>
  Effect.callback<number, NotTaken>((resume) => {
    const begin = url.protocol === "https:" ? requestHttps : requestHttp
    const fail = () => resume(Effect.fail(new NotTaken({ isPassing: true })))
    const all = { ...headers, "content-type": "application/json", "content-length": body.length }
    const asked = begin(url, { method: "POST", headers: all, timeout: timeoutMillis }, (answer) => {
      answer.on("error", () => {})
      answer.destroy()
      resume(Effect.succeed(answer.statusCode ?? 0))
    })
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")))
    asked.on("error", fail)
    asked.end(body)
    return Effect.sync(() => void asked.destroy())
  }).pipe(
    Effect.timeoutOption(timeoutMillis),
    Effect.flatMap(Option.match({ onNone: () => new NotTaken({ isPassing: true }), onSome: Effect.succeed })),
    Effect.flatMap((status) =>
      status >= 200 && status < 300 ? Effect.void : new NotTaken({ isPassing: isPassing(status) })
    )
  )

const urlOf = (endpoint: URL): URL => {
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/traces`
  return url
}

/** From the clock that goes on evenly: a span has not ended before it began. */
const now = () => performance.timeOrigin + performance.now()

/** Sends what is over to a collector by OTLP over HTTP, once a second and behind everybody's back. */
export const layer = ({ endpoint, headers, service, share, timeoutMillis = 10_000, version }: Options) =>
  Layer.effect(
    Traces,
    Effect.gen(function* () {
      const url = urlOf(endpoint)
      const waiting: Array<Span> = []
      const take = (span: Span): void => {
        if (waiting.length < mostWaiting) waiting.push(span)
        else drops.note("queue_full")
      }

      const sendSome = Effect.suspend(() => {
        const some = waiting.slice(0, mostAtOnce)
        const taken = Effect.sync(() => void waiting.splice(0, some.length))
        const given = headers === undefined ? {} : Redacted.value(headers)
        return post(url, given, written(some, { service, version }), timeoutMillis).pipe(
          Effect.andThen(taken),
          Effect.catchTag("NotTaken", (error) =>
            error.isPassing
              ? Effect.fail(error)
              : Effect.andThen(
                  Effect.sync(() => some.forEach(() => void drops.note("refused"))),
                  Effect.andThen(taken, Effect.logWarning("the collector of traces refuses what it is sent"))
                )
          )
        )
      })
      const sendAll = Effect.whileLoop({ while: () => waiting.length > 0, body: () => sendSome, step: () => {} })
      let isAway = false
      const sent = sendAll.pipe(
        Effect.tap(
          Effect.sync(() => {
            isAway = false
          })
        ),
        Effect.tapError(() => {
          if (isAway) return Effect.void
          isAway = true
          return Effect.logWarning(
            "the collector of traces does not answer; spans wait, and are dropped when it is full"
          )
        }),
        Effect.retry(Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("30 seconds")])),
        Effect.ignore
      )
      // what is left goes at the end, in a little time: a collector keeps no process alive
      yield* Effect.addFinalizer(() => Effect.ignore(Effect.timeoutOption(sendAll, "2 seconds")))
      yield* Effect.forkScoped(Effect.repeat(sent, Schedule.spaced("1 second")))
      return tracing({ share, now, take })
    })
  )
