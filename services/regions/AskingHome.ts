import { Context, Effect, Layer, Option, Redacted, Schema, Semaphore } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { type OutboundFailed, OutboundHttp, type OutboundRefused } from "#domain/ports/OutboundHttp.ts"
import { Conversation } from "../api/ConversationsApi.ts"
import type { RegionsSettings } from "./Settings.ts"

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Conversation))

const unnamed: RegionsSettings = { homeUrl: undefined, homeKey: undefined }

/** The home itself waits up to six seconds, for its regions and for its rows; whoever asks here is answered within ten. */
const timeoutMs = 8_000
/** With the wait for its turn. */
const mostMillis = 9_000
/** Bytes of an answer. Whoever asks for a hundred entries of long texts is told to ask for fewer. */
const longestAnswer = 8 * 1_048_576
/** Each has a whole answer in memory. */
const mostAtOnce = 4
/** After so many in a row the home is left alone, but for one question each time this is over. */
const mostFailures = 3
const restSeconds = 5

/** Nothing came that is an answer: nobody there, too late, too long, or not in the gateway's words. */
export class HomeUnreachable extends Schema.TaggedError<HomeUnreachable>()("HomeUnreachable", {
  retryAfterSeconds: Schema.Number,
  detail: Schema.optionalKey(Schema.String)
}) {}

/** It answers, and not to this key; or it is no home. */
export class HomeRefused extends Schema.TaggedError<HomeRefused>()("HomeRefused", {}) {}

/** One half is set without the other. */
export class HomeHalfNamed extends Schema.TaggedError<HomeHalfNamed>()("HomeHalfNamed", {}) {
  override get message() {
    return "REGION_HOME_URL and REGION_HOME_KEY go together, and one of them is not set. Set both, or unset both"
  }
}

export interface Asked {
  readonly phone: string
  readonly after: string | undefined
  readonly limit: number
}

const unreachable = (detail?: string) =>
  new HomeUnreachable({ retryAfterSeconds: restSeconds, ...(detail !== undefined && { detail }) })
const refusals: ReadonlyArray<number> = [401, 403, 404]

const tell = (reason: string) =>
  Effect.logWarning("the home of regions is asked, and does not answer; whoever asked is told so", { reason })
const reasonOf = (failure: OutboundFailed | OutboundRefused) =>
  failure._tag === "OutboundFailed" ? failure.kind : `it may not be reached: ${failure.reason}`

type Ask = (asked: Asked) => Effect.Effect<typeof Conversation.Type, HomeRefused | HomeUnreachable>

/** Asks this region's home for a person's conversation, in the API's own words. `undefined` where none is named. */
export const AskingHome = Context.Reference<Ask | undefined>("homing/services/regions/AskingHome", {
  defaultValue: () => undefined
})

const make = Effect.fnUntraced(function* ({ homeKey, homeUrl }: RegionsSettings) {
  if (homeUrl === undefined && homeKey === undefined) return undefined
  if (homeUrl === undefined || homeKey === undefined) return yield* new HomeHalfNamed()
  const now = yield* Clocks.steady
  const outbound = yield* OutboundHttp
  const room = yield* Semaphore.make(mostAtOnce)
  const url = `${homeUrl.replace(/\/+$/, "")}/v1/conversations`
  const headers = { authorization: `Bearer ${Redacted.value(homeKey)}`, accept: "application/json" }
  let failures = 0
  let restsUntil = 0

  const failed = Effect.fnUntraced(function* (reason: string, detail?: string) {
    failures += 1
    restsUntil = now() + restSeconds * 1_000
    yield* tell(reason)
    return yield* unreachable(detail)
  })

  const ask = Effect.fnUntraced(function* ({ after, limit, phone }: Asked) {
    const query = new URLSearchParams({
      phone: phone.replace(/^[+ ]/, ""),
      limit: String(limit),
      ...(after !== undefined && { after })
    })
    const { body, isWhole, status } = yield* outbound
      .get({ url: `${url}?${query}`, headers, timeoutMs, longestBody: longestAnswer })
      .pipe(Effect.catch((failure) => failed(reasonOf(failure))))
    if (refusals.includes(status)) {
      failures = 0
      yield* tell(`it answers ${status}`)
      return yield* new HomeRefused()
    }
    if (status !== 200) return yield* failed(`it answers ${status}`)
    if (!isWhole) {
      const isLong = body.length >= longestAnswer
      return yield* failed(
        isLong ? "its answer is too long" : "its answer breaks off",
        isLong ? "Its answer is longer than 8 MiB: ask for fewer with limit." : undefined
      )
    }
    const found = decode(new TextDecoder().decode(body))
    if (Option.isNone(found)) return yield* failed("its answer is none of a gateway")
    failures = 0
    return found.value
  })

  const within: Ask = (asked) =>
    Effect.suspend(() => {
      if (failures >= mostFailures) {
        if (now() < restsUntil) return Effect.fail(unreachable())
        restsUntil = now() + restSeconds * 1_000 // this one goes and finds out; the others wait for what it finds
      }
      return room.withPermits(1)(ask(asked))
    }).pipe(Effect.timeoutOrElse({ duration: mostMillis, orElse: () => failed("too many questions wait for it") }))
  return within
})

export const layer = (settings: RegionsSettings = unnamed) => Layer.effect(AskingHome, make(settings))
