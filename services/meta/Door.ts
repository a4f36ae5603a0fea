import type { IncomingMessage } from "node:http"
import { Cause, Clock, Effect, Layer, Redacted } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Deadline } from "#domain/ports/Deadline.ts"
import { RateLimits } from "#domain/ports/RateLimits.ts"
import { after } from "#domain/Timer.ts"
import { tally } from "#domain/wire/Tally.ts"
import { clientAddresses, isProxied, type Trust } from "../http/ClientAddress.ts"
import { SideDoor } from "../http/SideDoor.ts"
import { Stop } from "../runtime/Stop.ts"
import * as Answer from "./Answer.ts"
import type { App } from "./Apps.ts"
import * as Body from "./Body.ts"
import { isMetas } from "./Certificate.ts"
import { challengeIn } from "./Challenge.ts"
import { health, type Place, placeOf } from "./Paths.ts"
import { isOfWhatsApp, payloadIn } from "./Payload.ts"
import { askingOf, headerOf, keptHeaders, replying } from "./Requests.ts"
import { room } from "./Room.ts"
import * as Signature from "./Signature.ts"
import type { Webhook } from "./Webhook.ts"

export interface Options {
  readonly apps: ReadonlyMap<string, App>
  /** What becomes of what was signed and read. */
  readonly receive: (webhook: Webhook) => Effect.Effect<Answer.Answer>
  readonly trustProxy: Trust | undefined
  readonly certificateHeader: string | undefined
  readonly healthToken: Redacted.Redacted | undefined
  /** How long a body may take to arrive, and all of it together, in milliseconds. */
  readonly patience?: { readonly body: number; readonly all: number } | undefined
}

/** Meta waits ten seconds. */
const defaultPatience = { body: 6_000, all: 9_500 }
/** Of one address: what anybody may do who has no secret. */
const refusals = { quota: 60, windowMillis: 60_000 }

/** The address of a connection that has ended. */
const gone = "gone"

/**
 * Meta's one address, before the router: limits that are for callers with keys would turn away what is lost then, and what
 * is signed are the bytes as they come. Whoever signs is let in however often.
 */
export const layer = ({
  apps,
  certificateHeader,
  healthToken,
  patience = defaultPatience,
  receive,
  trustProxy
}: Options) =>
  Layer.effect(
    SideDoor,
    Effect.gen(function* () {
      const crypto = yield* Crypto
      const limits = yield* RateLimits
      const stop = yield* Stop
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const addressOf = clientAddresses(trustProxy)
      const shareOf = room()
      const proxiesHeader = certificateHeader?.toLowerCase()
      const refused = tally({
        metric: "homing_meta_refused_total",
        description: "Requests at Meta's address that are not Meta's, by why.",
        logged: "a request at Meta's address is refused",
        whose: "app"
      })

      /** Whoever goes on without a secret is told so no more than a number of times. */
      const refuse = Effect.fnUntraced(function* (
        request: IncomingMessage,
        app: App,
        reason: string,
        answer: Answer.Answer
      ) {
        yield* refused.count(reason, app.name, yield* Clock.currentTimeMillis)
        const address = addressOf(askingOf(request)) ?? gone
        const claim = { bucket: `meta:${address}`, policy: refusals, amount: 1 }
        return limits.takeHere(claim).allowed ? answer : Answer.rateLimited
      })

      const verify = (request: IncomingMessage, app: App) => {
        const challenge = app.verifyToken === undefined ? undefined : challengeIn(crypto, request.url!, app.verifyToken)
        return challenge === undefined
          ? refuse(request, app, "verification", Answer.verificationFailed)
          : Effect.succeed(Answer.echoed(challenge))
      }

      const take = Effect.fnUntraced(function* (request: IncomingMessage, app: App) {
        const signature = headerOf(request, Signature.header)
        const code = Signature.codeIn(signature)
        const unsigned = refuse(request, app, "signature", Answer.invalidSignature)
        if (code === undefined) return yield* unsigned
        const share = shareOf(addressOf(askingOf(request)) ?? gone)
        const bytes = yield* Body.read(request, share, patience.body)
        return yield* Effect.ensuring(
          Effect.suspend(() => {
            if (!Signature.isSigned(crypto, app.secrets, bytes, code)) return unsigned
            share.vouch()
            const payload = payloadIn(bytes)
            if (payload === undefined) return Effect.succeed(Answer.invalidJson)
            if (!isOfWhatsApp(payload)) return Effect.succeed(Answer.unsupportedObject)
            return receive({
              app: app.name,
              mode: app.mode,
              bytes,
              payload,
              signature: signature!,
              headers: keptHeaders(request)
            })
          }),
          Effect.sync(share.release)
        )
      })

      const answerOf = (
        request: IncomingMessage,
        { app: name }: Place
      ): Effect.Effect<Answer.Answer, Answer.Answer> => {
        const app = apps.get(name)
        if (app === undefined) return Effect.succeed(Answer.notFound)
        const isMeta =
          proxiesHeader === undefined ||
          (isProxied(trustProxy, request.socket.remoteAddress) && isMetas(headerOf(request, proxiesHeader)))
        if (!isMeta) return refuse(request, app, "certificate", Answer.certificateRequired)
        if (request.method === "GET") return verify(request, app)
        return request.method === "POST" ? take(request, app) : Effect.succeed(Answer.methodNotAllowed)
      }

      const healthOf = (request: IncomingMessage): Answer.Answer => {
        if (request.method !== "GET") return { ...Answer.methodNotAllowed, headers: { allow: "GET" } }
        const said = crypto.sha256(utf8(request.headers.authorization ?? ""))
        const isKnown =
          healthToken === undefined || crypto.equal(said, crypto.sha256(utf8(`Bearer ${Redacted.value(healthToken)}`)))
        return isKnown ? Answer.healthy : Answer.unauthorized
      }

      return (request, response) => {
        const place = placeOf(request.url ?? "")
        if (place === undefined) return false
        const reply = replying(request, response, place === "health" ? health : place.route)
        if (place === "health") reply(healthOf(request))
        else if (stop.begun()) reply(Answer.unavailable("shutting_down"))
        else {
          if (request.headers.expect !== undefined) response.writeContinue()
          // whatever holds it up: an answer that comes too late is none
          const late = after(patience.all, () => reply(Answer.unavailable("timeout")))
          const answered = Effect.suspend(() => answerOf(request, place)).pipe(
            Effect.catch(Effect.succeed),
            Effect.catchCause((cause) => Effect.as(unanswered(cause, place.app), Answer.unavailable("internal"))),
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

/** Without what is wrong in words, which may quote what came. */
const unanswered = (cause: Cause.Cause<unknown>, app: string) => {
  const failure = Cause.squash(cause)
  const problem = failure instanceof Error ? failure.name : "unknown"
  return Effect.logError("a webhook of Meta cannot be answered", { app, problem })
}
