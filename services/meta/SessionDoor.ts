import type { IncomingMessage } from "node:http"
import { Cause, Clock, Effect, Layer } from "effect"
import * as Clocks from "#domain/Clocks.ts"
import { isObject } from "#domain/meta/MetaJson.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Deadline } from "#domain/ports/Deadline.ts"
import { RateLimits } from "#domain/ports/RateLimits.ts"
import { sessionIn } from "#domain/session/Telling.ts"
import { after } from "#domain/Timer.ts"
import { tally } from "#domain/wire/Tally.ts"
import { clientAddresses, type Trust } from "../http/ClientAddress.ts"
import { pathOf } from "../http/Paths.ts"
import { SideDoor } from "../http/SideDoor.ts"
import { Stop } from "../runtime/Stop.ts"
import { observe } from "../telemetry/Metrics.ts"
import * as Answer from "./Answer.ts"
import * as Body from "./Body.ts"
import { payloadIn } from "./Payload.ts"
import { askingOf, headerOf, keptHeaders, replying } from "./Requests.ts"
import { room } from "./Room.ts"
import { isOf, type SessionSource } from "./SessionSources.ts"

/** One request of a source's that is its own, and says for which session it speaks. */
export interface SessionWebhook {
  readonly app: string
  readonly bytes: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

export interface Options {
  readonly sources: ReadonlyMap<string, SessionSource>
  readonly receive: (webhook: SessionWebhook) => Effect.Effect<Answer.Answer>
  readonly trustProxy: Trust | undefined
  /** How long a body may take to arrive, and all of it together, in milliseconds. */
  readonly patience?: { readonly body: number; readonly all: number } | undefined
}

const defaultPatience = { body: 6_000, all: 9_500 }
/** Of one address: what anybody may do who has no secret. */
const refusals = { quota: 60, windowMillis: 60_000 }
const written = /^\/webhooks\/sessions\/([a-z0-9-]{1,32})$/
const route = "/webhooks/sessions/:source"
/** Of all bodies of sources that are held at once. */
const mostHeld = 64 * 1024 * 1024

/** The address of each session source, beside Meta's: the same limits and the same promises. */
export const layer = ({ patience = defaultPatience, receive, sources, trustProxy }: Options) =>
  Layer.effect(
    SideDoor,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const limits = yield* RateLimits
      const next = yield* SideDoor
      const stop = yield* Stop
      const wall = yield* Clocks.wall
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const addressOf = clientAddresses(trustProxy)
      const shareOf = room(mostHeld)
      const refused = tally({
        metric: "homing_sessions_refused_total",
        description: "Requests at a session source's address that are not its own, by why.",
        logged: "a request at a session source's address is refused",
        whose: "source"
      })

      const heard = new Map<string, number>() // seconds since 1970, by source
      for (const source of sources.keys()) {
        const description =
          "When a session source last told something that is its own, since 1970; 0: not since the start."
        observe("homing_session_heard_timestamp_seconds", description, () => heard.get(source) ?? 0, { source })
      }

      const refuse = Effect.fnUntraced(function* (request: IncomingMessage, source: SessionSource, reason: string) {
        yield* refused.count(reason, source.name, yield* Clock.currentTimeMillis)
        const bucket = `sessions:${addressOf(askingOf(request)) ?? "gone"}`
        return limits.takeHere({ bucket, policy: refusals, amount: 1 }).allowed
          ? Answer.invalidSignature
          : Answer.rateLimited
      })

      const take = Effect.fnUntraced(function* (request: IncomingMessage, source: SessionSource) {
        const shown = headerOf(request, source.header)
        if (shown === undefined) return yield* refuse(request, source, "unsigned")
        const share = shareOf(addressOf(askingOf(request)) ?? "gone")
        const bytes = yield* Body.read(request, share, patience.body)
        return yield* Effect.ensuring(
          Effect.suspend(() => {
            if (!isOf(crypto, source, shown, bytes)) return refuse(request, source, "signature")
            share.vouch()
            heard.set(source.name, wall() / 1_000)
            const payload = payloadIn(bytes)
            if (!isObject(payload)) return Effect.succeed(Answer.invalidJson)
            if (sessionIn(payload, source.mapping) === undefined) return Effect.succeed(Answer.sessionMissing)
            return receive({ app: source.name, bytes, headers: withoutSecret(request, source) })
          }),
          Effect.sync(share.release)
        )
      })

      const answerOf = (request: IncomingMessage, name: string): Effect.Effect<Answer.Answer, Answer.Answer> => {
        const source = sources.get(name)
        if (source === undefined) return Effect.succeed(Answer.notFound)
        return request.method === "POST" ? take(request, source) : Effect.succeed(Answer.onlyPosted)
      }

      return (request, response) => {
        const found = request.url?.startsWith("/webhooks/sessions/") ? written.exec(pathOf(request.url)) : null
        if (sources.size === 0 || found === null) return next(request, response)
        const reply = replying(request, response, route)
        if (stop.begun()) reply(Answer.unavailable("shutting_down"))
        else {
          if (request.headers.expect !== undefined) response.writeContinue()
          const late = after(patience.all, () => reply(Answer.unavailable("timeout")))
          const answered = Effect.suspend(() => answerOf(request, found[1]!)).pipe(
            Effect.catch(Effect.succeed),
            Effect.catchCause((cause) => Effect.as(unanswered(cause, found[1]!), Answer.unavailable("internal"))),
            Effect.provideService(Deadline, performance.now() + patience.all)
          )
          run(
            Effect.map(answered, (answer) => {
              late.stop()
              reply(answer)
            })
          )
        }
        return true
      }
    })
  )

/** A secret that is shown stands in no file. */
const withoutSecret = (request: IncomingMessage, { header, proof }: SessionSource) => {
  const { [header]: shown, ...headers } = keptHeaders(request)
  return proof.kind === "shared" || shown === undefined ? headers : { ...headers, [header]: shown }
}

/** Without what is wrong in words, which may quote what came. */
const unanswered = (cause: Cause.Cause<unknown>, source: string) => {
  const failure = Cause.squash(cause)
  const problem = failure instanceof Error ? failure.name : "unknown"
  return Effect.logError("a webhook of a session source cannot be answered", { source, problem })
}
