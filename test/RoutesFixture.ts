import { assert } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Crypto } from "#domain/ports/Crypto.ts"
import type { EventStore } from "#domain/ports/EventStore.ts"
import type { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import * as NodeHttpOutbound from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { type Homing, start } from "./Homing.ts"
import { changed, message, optionsOf } from "./MetaFixture.ts"

/** A gateway that hears Meta, and where what it hears is led. */

const outbound = NodeHttpOutbound.layer({ allow: [] })

/** `more`: ports to stand before those there are. */
export const gateway = Effect.fnUntraced(function* (
  path: string,
  options: Parameters<typeof optionsOf>[0] = {},
  more: Layer.Layer<never, unknown, Crypto | EventStore | SubjectKeys> = Layer.empty
) {
  const lines: Array<string> = []
  const started = yield* start(path, AcknowledgesAtOnce.layer, {
    options: optionsOf(options),
    ports: Layer.merge(outbound, more) as typeof outbound,
    withoutAgent: true,
    log: (line) => lines.push(line)
  })
  return { ...started, lines }
})

type Caller = Pick<Homing, "call">

export const add = Effect.fnUntraced(function* ({ call }: Caller, name: string, more: object = {}) {
  const { body, status } = yield* call("POST", "/v1/targets", { name, url: `https://${name}.example/in`, ...more })
  assert.strictEqual(status, 201)
  return body
})

export const set = Effect.fnUntraced(function* ({ call }: Caller, routes: object) {
  const { body, status } = yield* call("PUT", "/v1/routes", routes)
  assert.strictEqual(status, 200)
  return body
})

/** Messages of these people in one request, and whatever else. */
export const said = (...people: ReadonlyArray<string>) =>
  changed({ messages: people.map((from, i) => message(String(i), "the zanzibar quokka", from)) })

interface Told {
  readonly name: string
}
interface Change {
  readonly by: string
  readonly matched: string
  readonly targets: ReadonlyArray<Told>
}

/** Of each change the rule, what it went by, and the names of who is told; and who is told all. */
export const explained = Effect.fnUntraced(function* ({ call }: Caller, payload: unknown, app = "default") {
  const { body, status } = yield* call("POST", `/v1/routes/explain?app=${app}`, payload)
  assert.strictEqual(status, 200)
  const names = (some: ReadonlyArray<Told>) => some.map(({ name }) => name)
  return {
    mode: body.mode,
    changes: body.changes.map(({ by, matched, targets }: Change) => [by, matched, ...names(targets)]),
    whole: names(body.whole)
  }
})
