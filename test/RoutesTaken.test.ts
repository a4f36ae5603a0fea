import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Redacted } from "effect"
import { EventStore } from "#domain/ports/EventStore.ts"
import { eventually, folder, type Homing, life } from "./Homing.ts"
import { changed, post } from "./MetaFixture.ts"
import { explained, gateway, said } from "./RoutesFixture.ts"

const to = (name: string | undefined, host: string, more: object = {}) => ({
  ...(name !== undefined && { name }),
  url: `https://${host}.example/in`,
  ...more
})
const map = (routes: object | string) =>
  Redacted.make(typeof routes === "string" ? routes : JSON.stringify(routes)) as Redacted.Redacted
const byDefault = {
  mode: "durable",
  destinationUrl: Redacted.make("https://all.example/in"),
  sharedSecret: Redacted.make("told to all")
} as const

const routesOf = ({ call }: Pick<Homing, "call">) => Effect.map(call("GET", "/v1/routes"), ({ body }) => body)
const taken = (homing: Pick<Homing, "call">) => eventually(routesOf(homing), ({ others }) => others.length > 0)
interface Listed {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly unit: string
}
const listed = ({ call }: Pick<Homing, "call">) =>
  Effect.map(call("GET", "/v1/targets"), ({ body }) => body.items as ReadonlyArray<Listed>)
const addresses = (homing: Pick<Homing, "call">) =>
  Effect.map(listed(homing), (items) => Object.fromEntries(items.map(({ name, url }) => [name, url])))

describe("what the environment says of routes", () => {
  it.live("is taken once, and again when it says something else; what is changed in between stays", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const during = <A, E, R>(
        options: Parameters<typeof gateway>[1],
        look: (homing: Homing) => Effect.Effect<A, E, R>
      ) => Effect.scoped(Effect.flatMap(gateway(path, options), look))
      const routes = { messages: [to("agent", "agent", { secret: "of the agent" }), to(undefined, "b")], calls: [] }
      const options = { ...byDefault, routeMap: map(routes) }
      const first = yield* during(options, (homing) =>
        Effect.gen(function* () {
          const { fields, others } = yield* taken(homing)
          assert.deepStrictEqual([fields, others], [{ messages: ["agent", "unnamed-1"] }, ["default"]])
          assert.deepStrictEqual(yield* addresses(homing), {
            agent: "https://agent.example/in",
            "unnamed-1": "https://b.example/in",
            default: "https://all.example/in"
          })
          const all = yield* listed(homing)
          assert.isTrue(all.every(({ unit }) => unit === "raw"))
          assert.deepStrictEqual(yield* explained(homing, said("15550001111")), {
            mode: "durable",
            changes: [["field", "messages", "agent", "unnamed-1"]],
            whole: ["agent", "unnamed-1"]
          })
          const { id } = all.find(({ name }) => name === "agent")!
          yield* homing.call("PATCH", `/v1/targets/${id}`, { url: "https://moved.example/" })
          yield* homing.call("PUT", "/v1/routes", { accounts: {}, others: ["agent"] })
          return id
        })
      )
      yield* during(options, (homing) =>
        Effect.gen(function* () {
          yield* Effect.sleep("1 second") // what must not happen
          assert.deepInclude(yield* routesOf(homing), { fields: {}, others: ["agent"] })
          assert.strictEqual((yield* addresses(homing)).agent, "https://moved.example/")
        })
      )
      yield* during({ ...options, sharedSecret: Redacted.make("another") }, (homing) =>
        Effect.gen(function* () {
          const { fields } = yield* eventually(routesOf(homing), ({ others }) => others[0] === "default")
          assert.deepStrictEqual(fields, { messages: ["agent", "unnamed-1"] })
          assert.strictEqual((yield* addresses(homing)).agent, "https://agent.example/in")
          assert.include(
            (yield* listed(homing)).map(({ id }) => id),
            first
          )
        })
      )
    })
  )

  it.live("goes to the default when the map is broken, says so once, and leaves out where nothing may be sent", () =>
    Effect.gen(function* () {
      const broken = yield* gateway(yield* folder, { ...byDefault, routeMap: map("{") })
      assert.deepInclude(yield* taken(broken), { fields: {}, others: ["default"] })
      const warnings = broken.lines.filter((line) => line.includes("WHATSAPP_FORWARD_ROUTE_MAP is not JSON"))
      assert.lengthOf(warnings, 1)
      const routes = { messages: [{ name: "inside", url: "http://10.0.0.7/secret" }, to("agent", "agent")] }
      const some = yield* gateway(yield* folder, { ...byDefault, routeMap: map(routes) })
      assert.deepInclude(yield* taken(some), { fields: { messages: ["agent"] }, others: ["default"] })
      const told = some.lines.filter((line) => line.includes("no target is made of it"))
      assert.lengthOf(told, 1)
      assert.notInclude(told[0], "secret")
      const none = yield* gateway(yield* folder, { mode: "durable" })
      assert.deepStrictEqual(yield* listed(none), [])
    })
  )

  it.live("is there before the first webhook is kept, which would be led nowhere", () =>
    Effect.gen(function* () {
      const hold = yield* Deferred.make<void>()
      const held = Layer.effect(
        EventStore,
        Effect.map(EventStore, (real) => ({
          ...real,
          append: (...[stream, revision, events]: Parameters<typeof real.append>) =>
            stream.startsWith("routes-")
              ? Effect.andThen(Deferred.await(hold), real.append(stream, revision, events))
              : real.append(stream, revision, events)
        }))
      )
      const homing = yield* gateway(yield* folder, byDefault, held)
      yield* Effect.addFinalizer(() => Deferred.succeed(hold, undefined))
      const body = JSON.stringify(said("15550001111"))
      const early = yield* post(homing.url, body)
      assert.deepStrictEqual([early.status, early.text], [503, '{"error":"starting"}'])
      assert.isNotNull(early.headers.get("retry-after"))
      yield* Deferred.succeed(hold, undefined)
      yield* eventually(post(homing.url, body), ({ status }) => status === 200)
      assert.deepStrictEqual((yield* routesOf(homing)).others, ["default"])
    })
  )

  it.live("is all that an app in sync goes by, and is explained as it is done", () =>
    Effect.gen(function* () {
      const one = yield* life
      const routes = { messages: [to("agent", "agent"), to("agent", "again")], calls: [to("log", "log")] }
      const homing = yield* one.during(gateway(yield* folder, { ...byDefault, mode: "sync", routeMap: map(routes) }))
      assert.deepStrictEqual(yield* explained(homing, said("15550001111")), {
        mode: "sync",
        changes: [["field", "messages", "agent"]],
        whole: ["agent"]
      })
      const both = { ...said("15550001111"), entry: [...said("1").entry, ...changed({}, "security").entry] }
      assert.deepStrictEqual(yield* explained(homing, both), {
        mode: "sync",
        changes: [
          ["field", "messages", "agent"],
          ["default", ""]
        ],
        whole: ["agent"]
      })
      assert.deepStrictEqual((yield* explained(homing, changed({}, "security"))).whole, ["default"])
      assert.deepStrictEqual(yield* listed(homing), [])
    })
  )
})
