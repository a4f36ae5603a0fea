import { Array, Context, Effect, Layer } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import { type Claim, RateLimits, type Standing } from "#domain/ports/RateLimits.ts"
import type { RateFamily } from "../api/Authorization.ts"
import type { Principal } from "../api/Principal.ts"
import { requestLimited } from "../telemetry/Metrics.ts"
import { type Asking, clientAddresses, type Trust } from "./ClientAddress.ts"
import { limitOf } from "./RateHeaders.ts"
import { contextOf, type Limit, type Verdict } from "./RequestContext.ts"

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

/** Why a request is not let in. Not an `Error`: in a flood, stacks would cost more than all else that is done. */
export class RateLimited {
  readonly _tag = "RateLimited"
  readonly limit: Limit
  readonly retryAfterSeconds: number
  constructor(limit: Limit, retryAfterSeconds: number) {
    this.limit = limit
    this.retryAfterSeconds = retryAfterSeconds
  }
}

type Request = Asking

/** Who is let in how often. Every verdict is remembered with its request, for the headers of the answer. */
export class Admission extends Context.Service<
  Admission,
  {
    /** Before anything else is done for a request: its address, then everybody. Asks nobody outside the process. */
    readonly enter: (request: Request) => RateLimited | undefined
    /** Where a request comes from, as the limits count it; empty when its connection has ended. */
    readonly addressOf: (request: Request) => string
    /** Counts nothing: whether `admit` would refuse for certain. For what has a body to be read first. */
    readonly look: (request: Request, principal: Principal, family: RateFamily) => RateLimited | undefined
    /** Counts a request of this key. */
    readonly admit: (
      request: Request,
      principal: Principal,
      family: RateFamily
    ) => Effect.Effect<RateLimited | undefined>
    /** Counts a request to send: of this key, then of this device. Asks once. */
    readonly admitSend: (
      request: Request,
      principal: Principal,
      device: DeviceId
    ) => Effect.Effect<{ readonly key: RateLimited | undefined; readonly device: RateLimited | undefined }>
  }
>()("homing/services/http/Admission") {}

const noLimits: RateLimitOptions = { total: 0, address: 0, messages: 0, devices: 0, device: 0 }

interface Counted {
  readonly limit: Limit
  readonly claim: Claim
}

const counted = (limit: Limit | undefined, bucket: string): ReadonlyArray<Counted> =>
  limit === undefined ? [] : [{ limit, claim: { bucket, policy: limit.policy, amount: 1 } }]

const refusalOf = (verdicts: ReadonlyArray<Verdict>): RateLimited | undefined => {
  const last = verdicts.at(-1)
  if (last === undefined || last.standing.allowed) return undefined
  requestLimited(last.limit.name)
  return new RateLimited(last.limit, Math.max(1, Math.ceil(last.standing.waitMillis / 1_000)))
}

/** For limits that are told only when they are met. */
const refuse = (request: Request, limit: Limit, standing: Standing): RateLimited | undefined => {
  if (standing.allowed) return undefined
  const verdicts = [{ limit, standing }]
  contextOf(request).verdicts = verdicts
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

      const take = (request: Request, wanted: ReadonlyArray<Counted>): Effect.Effect<ReadonlyArray<Verdict>> => {
        if (!Array.isReadonlyArrayNonEmpty(wanted)) return Effect.succeed([])
        return Effect.map(limits.take(Array.map(wanted, ({ claim }) => claim)), (standings) => {
          const verdicts = standings.map((standing, i) => ({ limit: wanted[i]!.limit, standing }))
          contextOf(request).verdicts = verdicts
          return verdicts
        })
      }

      const refuseHere = (request: Request, limit: Limit | undefined, bucket: string): RateLimited | undefined =>
        limit && refuse(request, limit, limits.takeHere({ bucket, policy: limit.policy, amount: 1 }))

      return {
        addressOf: (request) => addressOf(request) ?? "",
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
