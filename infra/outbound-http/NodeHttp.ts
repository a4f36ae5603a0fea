import { Clock, Effect, Layer, Result } from "effect"
import { remainingMillis } from "#domain/ports/Deadline.ts"
import { type Allowance, OutboundFailed, OutboundHttp, OutboundRefused } from "#domain/ports/OutboundHttp.ts"
import { codeOf } from "./CodeOf.ts"
import type { Dial } from "./Dial.ts"
import { areSendable } from "./Headers.ts"
import { Heard, patienceOf } from "./Heard.ts"
import { type Resolve, resolving } from "./Names.ts"
import { type Target, targetOf } from "./Target.ts"

export interface Options {
  readonly allow: ReadonlyArray<Allowance>
  readonly resolve?: Resolve
  readonly dial?: Dial
}

/** Loaded when the first address is looked at. */
const loadReach = Effect.promise(() => import("./Reach.ts"))
const loadExchange = Effect.promise(async () => ({
  ...(await import("./Dial.ts")),
  ...(await import("./Exchange.ts"))
}))

const refused = (reason: OutboundRefused["reason"]) => Effect.fail(new OutboundRefused({ reason }))

const make = ({ allow, dial, resolve = resolving() }: Options): OutboundHttp["Service"] => {
  const reach = Effect.map(loadReach, (module) => module.reach(allow))

  const targeted = Effect.fnUntraced(function* (url: string) {
    const target = targetOf(url)
    if (Result.isFailure(target)) return yield* refused(target.failure)
    const { refuses, refusesWay } = yield* reach
    const { host, isLiteral } = target.success
    const reason = isLiteral ? refuses(host, target.success) : refusesWay(target.success)
    return reason === undefined ? target.success : yield* refused(reason)
  })

  /** Looked up once: what is vetted is what is dialled. */
  const reachable = Effect.fnUntraced(function* (target: Target) {
    const addresses = target.isLiteral
      ? [target.host]
      : yield* Effect.tryPromise({
          try: (signal) => resolve(target.host, signal),
          catch: (error) => new OutboundFailed({ kind: "unresolved", code: codeOf(error) })
        })
    const { refuses } = yield* reach
    const reasons = addresses.map((address) => refuses(address, target))
    const some = addresses.filter((_, i) => reasons[i] === undefined)
    if (some.length > 0) return some
    return yield* reasons[0] === undefined
      ? Effect.fail(new OutboundFailed({ kind: "unresolved", code: undefined }))
      : refused(reasons[0])
  })

  return {
    vet: (url) => Effect.asVoid(targeted(url)),
    post: Effect.fnUntraced(function* (request) {
      const target = yield* targeted(request.url)
      if (!areSendable(request.headers)) return yield* refused("header")
      const { connected, dial: directly, exchange } = yield* loadExchange
      const begun = performance.now()
      const heard = new Heard()
      const exchanged = Effect.gen(function* () {
        const socket = yield* connected(dial ?? directly, yield* reachable(target), target)
        yield* exchange(socket, target, request, heard)
      })
      yield* Effect.timeoutOrElse(Effect.scoped(exchanged), {
        duration: Math.min(request.timeoutMs, yield* remainingMillis),
        orElse: () => Effect.sync(() => heard.end())
      })
      if (heard.status === undefined) return yield* new OutboundFailed({ kind: "timeout", code: undefined })
      return {
        status: heard.status,
        headers: { retryAfterMillis: patienceOf(heard.retryAfter, yield* Clock.currentTimeMillis) },
        body: heard.body,
        isWhole: heard.isWhole,
        millis: performance.now() - begun
      }
    })
  }
}

/** By node:http, each exchange over a connection of its own that was dialled and looked at here. */
export const layer = (options: Options): Layer.Layer<OutboundHttp> => Layer.sync(OutboundHttp, () => make(options))
