import { Array, Context, Effect, Layer } from "effect"
import type { HttpServerRequest } from "effect/http"
import type { DeviceId } from "#domain/Ids.ts"
import { type Claim, RateLimits, type Standing } from "#domain/ports/RateLimits.ts"
import type { RateFamily } from "../api/Authorization.ts"
import type { Principal } from "../api/Principal.ts"
import { type Problem, problem } from "../api/Problems.ts"
import { requestLimited } from "../telemetry/Metrics.ts"
import type { Lag } from "../views/Readiness.ts"
import { clientAddresses, type Trust } from "./ClientAddress.ts"
import { type Limit, limitOf, type Told, tell } from "./RateHeaders.ts"

/** Requests a minute, as many of them at once; 0: no limit. */
export interface RateLimitOptions {
  /** Of everybody, to this process. */
  readonly total: number
  /** From one address, to this process. */
  readonly address: number
  /** Of one key, to the messages. */
  readonly messages: number
  /** Of one key, to the devices. */
  readonly devices: number
  /** To send from one device, by whomever. */
  readonly device: number
}

export interface Options {
  readonly rateLimits?: RateLimitOptions | undefined
  readonly trustProxy?: Trust | undefined
}

/** Why a request is not let in, and what is said beside it. */
export class Refused {
  readonly _tag = "Refused"
  readonly found: Problem
  readonly headers: Readonly<Record<string, string>>
  constructor(found: Problem, headers: Readonly<Record<string, string>> = {}) {
    this.found = found
    this.headers = headers
  }
}

/** What is known here may be the past, for a matter of seconds. */
export const behind: Readonly<Record<Lag, Refused>> = {
  starting: new Refused(problem("starting"), { "retry-after": "1" }),
  out_of_date: new Refused(problem("out_of_date"), { "retry-after": "1" })
}

type Request = HttpServerRequest.HttpServerRequest

/** Who is let in how often. Every verdict is remembered with its request, for the headers of the answer. */
export class Admission extends Context.Service<
  Admission,
  {
    /** Before anything else is done for a request: its address, then everybody. Asks nobody outside the process. */
    readonly enter: (request: Request) => Refused | undefined
    /** Counts nothing: whether `admit` would refuse for certain. For what has a body to be read first. */
    readonly look: (request: Request, principal: Principal, family: RateFamily) => Refused | undefined
    /** Counts a request of this key. */
    readonly admit: (request: Request, principal: Principal, family: RateFamily) => Effect.Effect<Refused | undefined>
    /** Counts a request to send: of this key, then of this device. Asks once. */
    readonly admitSend: (
      request: Request,
      principal: Principal,
      device: DeviceId
    ) => Effect.Effect<{ readonly key: Refused | undefined; readonly device: Refused | undefined }>
  }
>()("homing/services/http/Admission") {}

const noLimits: RateLimitOptions = { total: 0, address: 0, messages: 0, devices: 0, device: 0 }

interface Counted {
  readonly limit: Limit
  readonly claim: Claim
}

const counted = (limit: Limit | undefined, bucket: string): ReadonlyArray<Counted> =>
  limit === undefined ? [] : [{ limit, claim: { bucket, policy: limit.policy, amount: 1 } }]

const refusalOf = (verdicts: ReadonlyArray<Told>): Refused | undefined => {
  const last = verdicts.at(-1)
  if (last === undefined || last.standing.allowed) return undefined
  const { name, policy } = last.limit
  requestLimited(name)
  const detail = `The limit "${name}" is ${policy.quota} requests in ${policy.windowMillis / 1_000} seconds.`
  const seconds = Math.max(1, Math.ceil(last.standing.waitMillis / 1_000))
  return new Refused(problem("rate_limited", { detail }), { "retry-after": String(seconds) })
}

/** For limits that are told only when they are met. */
const refuse = (request: Request, limit: Limit, standing: Standing): Refused | undefined => {
  if (standing.allowed) return undefined
  const verdicts = [{ limit, standing }]
  tell(request, verdicts)
  return refusalOf(verdicts)
}

export const layer = ({ rateLimits = noLimits, trustProxy }: Options) =>
  Layer.effect(
    Admission,
    Effect.gen(function* () {
      const limits = yield* RateLimits
      const addressOf = clientAddresses(trustProxy)
      const address = limitOf("address", rateLimits.address)
      const total = limitOf("total", rateLimits.total)
      const device = limitOf("device", rateLimits.device)
      const families = {
        messages: limitOf("messages", rateLimits.messages),
        devices: limitOf("devices", rateLimits.devices)
      }
      const ofKey = ({ key }: Principal, family: RateFamily) => counted(families[family], `${family}:${key}`)

      const take = (request: Request, wanted: ReadonlyArray<Counted>): Effect.Effect<ReadonlyArray<Told>> => {
        if (!Array.isReadonlyArrayNonEmpty(wanted)) return Effect.succeed([])
        return Effect.map(limits.take(Array.map(wanted, ({ claim }) => claim)), (standings) => {
          const verdicts = standings.map((standing, i) => ({ limit: wanted[i]!.limit, standing }))
          tell(request, verdicts)
          return verdicts
        })
      }

      const refuseHere = (request: Request, limit: Limit | undefined, bucket: string): Refused | undefined =>
        limit && refuse(request, limit, limits.takeHere({ bucket, policy: limit.policy, amount: 1 }))

      return {
        enter: (request) => {
          const from = address === undefined ? undefined : addressOf(request)
          // the address first: one that calls too often does not use up what is left for all
          return (
            (from === undefined ? undefined : refuseHere(request, address, from)) ?? refuseHere(request, total, "total")
          )
        },
        look: (request, principal, family) => {
          const [wanted] = ofKey(principal, family)
          if (wanted === undefined) return undefined
          return refuse(request, wanted.limit, limits.look(wanted.claim))
        },
        admit: (request, principal, family) => Effect.map(take(request, ofKey(principal, family)), refusalOf),
        admitSend: (request, principal, id) => {
          const key = ofKey(principal, "messages")
          return Effect.map(take(request, [...key, ...counted(device, `device:${id}`)]), (verdicts) => {
            const refused = refusalOf(verdicts)
            return verdicts.length > key.length
              ? { key: undefined, device: refused }
              : { key: refused, device: undefined }
          })
        }
      }
    })
  )
