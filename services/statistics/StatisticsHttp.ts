import { Clock, Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DeviceId } from "#domain/Ids.ts"
import { fromMillis, toMillis } from "#domain/Instant.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { momentOf } from "../api/Moment.ts"
import { may, type Principal } from "../api/Principal.ts"
import { mostSteps } from "../api/StatisticsApi.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import * as CountRows from "../messages/CountRows.ts"
import { readable } from "../views/Views.ts"
import { countsOf } from "./Statistics.ts"

const isDeviceId = Schema.is(DeviceId)
const flawed = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "query", pointer, expected }] })

/** How many there are where it is not said since when: an hour of minutes, a day of hours. */
const usual = { minute: 60, hour: 24 } as const

/** Whose messages are counted: as in their list. */
const whose = (principal: Principal) => {
  if (may(principal, "messages:read:all")) return { client: undefined, allowed: undefined }
  const { client, devices } = principal
  return { client, allowed: devices === "all" ? undefined : new Set<string>(devices) }
}

const among = (allowed: ReadonlySet<string> | undefined, device: string | undefined) => {
  if (device === undefined) return allowed
  return new Set(allowed === undefined || allowed.has(device) ? [device] : [])
}

export const layer = HttpApiBuilder.group(
  Api,
  "statistics",
  Effect.fnUntraced(function* (handlers) {
    const rows = yield* CountRows.reading

    const counted = Effect.fnUntraced(function* (asked: CountRows.Asked) {
      const isNothing = asked.devices?.size === 0
      const steps = isNothing ? [] : yield* rows.bySteps(asked)
      const devices = isNothing ? [] : yield* rows.byDevices(asked)
      const instantOf = (start: number) => fromMillis(start * CountRows.grains[asked.grain])
      return {
        step: asked.grain,
        from: instantOf(asked.from),
        to: instantOf(asked.to + 1),
        items: [...Map.groupBy(steps, ({ start }) => start)].map(([start, some]) => ({
          at: instantOf(start),
          ...countsOf(some)
        })),
        total: countsOf(devices),
        devices: [...Map.groupBy(devices, ({ device }) => device)].map(([device, some]) => ({
          device,
          ...countsOf(some)
        }))
      }
    }, readable)

    return handlers.handle("get", ({ query: { device, from, step: grain = "minute", to } }) =>
      Effect.gen(function* () {
        if (device !== undefined && !isDeviceId(device)) return yield* flawed("/device", "the id of a device")
        const size = CountRows.grains[grain]
        const startOf = (text: string) => Math.floor(toMillis(momentOf(text)) / size)
        const last = to === undefined ? Math.floor((yield* Clock.currentTimeMillis) / size) : startOf(to)
        const first = from === undefined ? last - usual[grain] + 1 : startOf(from)
        if (first > last) return yield* flawed("/from", "a time before `to`")
        if (last - first >= mostSteps) return yield* flawed("/from", `at most ${mostSteps} steps before \`to\``)
        const { allowed, client } = whose(yield* CurrentPrincipal)
        const devices = among(allowed, device)
        return yield* orProblem(counted({ grain, from: first, to: last, client, devices }))
      })
    )
  })
)
