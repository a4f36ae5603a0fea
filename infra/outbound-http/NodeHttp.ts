import { Clock, Effect, Layer, Result } from "effect"
import { remainingMillis } from "#domain/ports/Deadline.ts"
import {
  type Allowance,
  longestBody,
  OutboundFailed,
  OutboundHttp,
  OutboundRefused
} from "#domain/ports/OutboundHttp.ts"
import { after } from "#domain/Timer.ts"
import { codeOf } from "./CodeOf.ts"
import { Connections } from "./Connections.ts"
import type { Dial } from "./Dial.ts"
import type { Asked } from "./Exchange.ts"
import { areSendable } from "./Headers.ts"
import { Heard, patienceOf } from "./Heard.ts"
import { type Resolve, resolving } from "./Names.ts"
import { type Target, targetOf } from "./Target.ts"

export interface Options {
  readonly allow: ReadonlyArray<Allowance>
  readonly resolve?: Resolve
  readonly dial?: Dial
}

const once = <A>(load: () => Promise<A>) => {
  let loading: Promise<A> | undefined
  return () => {
    loading ??= load()
    return loading
  }
}
/** Loaded when the first address is looked at. */
const loadReach = once(() => import("./Reach.ts"))
const loadExchange = once(async () => ({
  ...(await import("./Dial.ts")),
  ...(await import("./Exchange.ts"))
}))

type Failure = OutboundFailed | OutboundRefused
const refused = (reason: OutboundRefused["reason"]) => new OutboundRefused({ reason })
const unresolved = (error?: unknown) => new OutboundFailed({ kind: "unresolved", code: codeOf(error) })

const make = ({ allow, dial, resolve = resolving() }: Options): OutboundHttp["Service"] => {
  const loadReaching = once(async () => (await loadReach()).reach(allow))

  const targeted = Effect.fnUntraced(function* (url: string) {
    const target = targetOf(url)
    if (Result.isFailure(target)) return yield* refused(target.failure)
    const { refuses, refusesWay } = yield* Effect.promise(loadReaching)
    const { host, isLiteral } = target.success
    const reason = isLiteral ? refuses(host, target.success) : refusesWay(target.success)
    return reason === undefined ? target.success : yield* refused(reason)
  })

  /** Looked up once: what is vetted is what is dialled. */
  const reachable = async (target: Target, held: Connections): Promise<ReadonlyArray<string> | Failure> => {
    if (target.isLiteral) return [target.host] // vetted already
    const found = await resolve(target.host, held.ended).catch(unresolved)
    if (found instanceof OutboundFailed) return found
    const { refuses } = await loadReaching()
    const reasons = found.map((address) => refuses(address, target))
    const some = found.filter((_, i) => reasons[i] === undefined)
    if (some.length > 0) return some
    return reasons[0] === undefined ? unresolved() : refused(reasons[0])
  }

  const ask = async (target: Target, request: Asked, heard: Heard, held: Connections) => {
    const { connected, dial: directly, exchange, isFailure } = await loadExchange()
    const addresses = await reachable(target, held)
    if ("_tag" in addresses) return addresses
    const socket = await connected(dial ?? directly, addresses, target, held)
    return isFailure(socket) ? socket : exchange(socket, target, request, heard)
  }

  const exchanged = Effect.fnUntraced(function* (request: Asked) {
    const target = yield* targeted(request.url)
    if (!areSendable(request.headers)) return yield* refused("header")
    const begun = performance.now()
    const heard = new Heard(request.longestBody)
    const mostMillis = Math.min(request.timeoutMs, yield* remainingMillis)
    yield* lasting(mostMillis, heard, (held) => ask(target, request, heard, held))
    if (heard.status === undefined) return yield* new OutboundFailed({ kind: "timeout", code: undefined })
    return {
      status: heard.status,
      headers: { retryAfterMillis: patienceOf(heard.retryAfter, yield* Clock.currentTimeMillis) },
      body: heard.body,
      isWhole: heard.isWhole,
      millis: performance.now() - begun
    }
  })

  return {
    vet: (url) => Effect.asVoid(targeted(url)),
    post: (request) => exchanged({ ...request, method: "POST", longestBody }),
    get: (question) => exchanged({ ...question, method: "GET", body: undefined })
  }
}

/** What is heard within this time; then, and when nobody waits any more, its connections end. */
const lasting = (
  mostMillis: number,
  heard: Heard,
  ask: (held: Connections) => Promise<Failure | undefined>
): Effect.Effect<void, Failure> =>
  Effect.callback((resume) => {
    const held = new Connections()
    const end = (outcome: Effect.Effect<void, Failure>) => {
      timer.stop()
      heard.end()
      held.end()
      resume(outcome)
    }
    const timer = after(mostMillis, () => end(Effect.void))
    ask(held).then(
      (failure) => end(failure ?? Effect.void),
      (defect) => end(Effect.die(defect))
    )
    return Effect.sync(() => end(Effect.void))
  })

/** By node:http, each exchange over a connection of its own that was dialled and looked at here. */
export const layer = (options: Options): Layer.Layer<OutboundHttp> => Layer.sync(OutboundHttp, () => make(options))
