import { Effect, Redacted, Schema } from "effect"
import { after } from "#domain/Timer.ts"
import type { Config } from "../Config.ts"
import { NotAsked } from "./AgentsCommand.ts"
import * as Client from "./Client.ts"
import { Event, lineOf } from "./EventLine.ts"
import { blocksIn } from "./EventSource.ts"
import { say, warn } from "./Terminal.ts"

export interface ListenOptions {
  readonly url: string | undefined
  readonly json: boolean
  readonly after: string | undefined
  readonly types: string | undefined
  readonly device: string | undefined
  readonly chat: string | undefined
}

/** The gateway gives a sign of life every fifteen seconds. */
const silenceMillis = 45_000
const firstPauseMillis = 250
const longestPauseMillis = 10_000

/** It was cut, and may go on. */
class Cut extends Schema.TaggedError<Cut>()("Cut", { message: Schema.String }) {}

const decodeEvent = Schema.decodeUnknownSync(Schema.fromJsonString(Event))
const Closing = Schema.fromJsonString(Schema.Struct({ code: Schema.String, detail: Schema.String }))
const decodeClosing = Schema.decodeUnknownSync(Closing)

/** What another try may change. */
const isPassing = (status: number) => status === 429 || status === 408 || status >= 500

/** Follows what happens until a signal ends it; goes on behind the last that was told, however often it is cut. */
export const listen = Effect.fnUntraced(function* (
  { access: { apiKey }, door: { host, port } }: Config,
  { after: begin, chat, device, json, types, url: given }: ListenOptions
) {
  if (apiKey === undefined) {
    return yield* new NotAsked({ message: "set API_KEY to a key with the scope events:read" })
  }
  const url = given ?? Client.urlOf(host, port)
  const query = new URLSearchParams(
    Object.entries({ types, device, chat }).flatMap(([name, value]) => (value ? [[name, value]] : []))
  )
  let cursor = begin
  let wasConnected = false
  let failures = 0

  const open = Effect.fnUntraced(function* (signal: AbortSignal) {
    const headers = {
      authorization: `Bearer ${Redacted.value(apiKey)}`,
      ...(cursor !== undefined && { "last-event-id": cursor })
    }
    const answer = yield* Effect.tryPromise({
      try: () => fetch(`${url}/v1/live?${query}`, { headers, signal, redirect: "error" }),
      catch: () => new Client.Unreachable({ url })
    })
    if (answer.ok && answer.body !== null && answer.headers.get("content-type")?.startsWith("text/event-stream")) {
      return answer.body
    }
    return yield* Effect.flatMap(
      Effect.promise(() => answer.text().catch(() => "")),
      (text) => Client.refused(url, answer.status, text)
    )
  })

  /** One connection, as long as it lasts. */
  const follow = Effect.gen(function* () {
    const abort = new AbortController()
    yield* Effect.addFinalizer(() => Effect.sync(() => abort.abort()))
    const silence = after(silenceMillis, () => abort.abort()).unref()
    yield* Effect.addFinalizer(() => Effect.sync(() => silence.stop()))
    const body = yield* open(abort.signal)
    if (wasConnected) warn("homing: connected again; it goes on where it was")
    wasConnected = true
    const ending = yield* Effect.tryPromise({
      try: async () => {
        for await (const { data, event, id } of blocksIn(body)) {
          silence.restart()
          failures = 0
          if (data !== undefined && event === "closing") return decodeClosing(data)
          if (data !== undefined) say(json ? data : lineOf(decodeEvent(data)))
          cursor = id ?? cursor
        }
        return undefined
      },
      catch: (cause) =>
        Schema.isSchemaError(cause) ? new Client.NotOurs({ url }) : new Cut({ message: "the connection was cut" })
    })
    if (ending?.code === "unauthorized") return yield* new Client.CallFailed({ status: 401, ...ending })
    return yield* new Cut({ message: ending?.detail ?? "the connection was cut" })
  }).pipe(Effect.scoped)

  const isWorthATry = (error: Effect.Error<typeof follow>) =>
    error._tag === "Cut" ||
    (wasConnected && (error._tag === "Unreachable" || (error._tag === "CallFailed" && isPassing(error.status))))

  return yield* follow.pipe(
    Effect.tapError((error) =>
      Effect.gen(function* () {
        if (!isWorthATry(error)) return
        if (failures === 0) warn(`homing: ${error.message}; trying again`)
        yield* Effect.sleep(Math.min(firstPauseMillis * 2 ** failures++, longestPauseMillis))
      })
    ),
    Effect.retry({ while: isWorthATry })
  )
})
