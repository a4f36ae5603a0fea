import { assert, it } from "@effect/vitest"
import { Cause, Effect, Layer, Redacted } from "effect"
import { subjectIdOf } from "#domain/Identifiers.ts"
import { defaultTenant } from "#domain/Ids.ts"
import { EventStore, EventStoreUnavailable } from "#domain/ports/EventStore.ts"
import { RegionFeeds } from "#domain/ports/RegionFeeds.ts"
import { SubjectKeys } from "#domain/ports/SubjectKeys.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import * as NodeHttp from "#infra/outbound-http/NodeHttp.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { apiKey, callerOf, eventually, life, start } from "./Homing.ts"
import { optionsOf } from "./MetaFixture.ts"
import { homing } from "./Process.ts"
import { proxy } from "./proxy/Proxy.ts"
import {
  agrees,
  ana,
  asked,
  becomes,
  ben,
  folderOfOne,
  homeOf,
  linesOf,
  pepper,
  recordedIn,
  regionOf,
  says
} from "./RegionScene.ts"
import { describeWith } from "./servers/Installed.ts"

describeWith("nats-server", "the home of regions", () => {
  it.live("folds what they tell into one conversation, through a partition and its healing", () =>
    Effect.gen(function* () {
      const [br, eu] = [yield* regionOf("br"), yield* regionOf("eu")]
      const regions = [br, eu]
      const path = yield* folderOfOne
      const first = yield* life
      const before = yield* first.during(homeOf(path, regions))

      yield* says(br.gateway, "A", "oi", ana, 1_749_416_001)
      yield* says(eu.gateway, "B", "hello from eu", ana, 1_749_416_002)
      yield* says(before, "C", "at home", ana, 1_749_416_003)
      yield* says(br.gateway, "D", "not hers", ben)
      yield* agrees(path, regions)
      const whole = yield* eventually(asked(before), ({ body }) => body.isWhole === true && body.items.length === 3)
      assert.deepStrictEqual(linesOf(whole), ["at home home", "hello from eu eu", "oi br"])

      // cut off from one region, which goes on by itself
      yield* br.between.set({ halfOpen: true })
      yield* says(br.gateway, "E", "while cut off", ana, 1_749_416_004)
      yield* says(eu.gateway, "F", "meanwhile", ana, 1_749_416_005)
      yield* says(eu.gateway, "E", "while cut off", ana, 1_749_416_004) // told to both
      const half = yield* eventually(
        asked(before),
        ({ body }) => body.items.length === 5 && body.asOf[1].isCurrent === true
      )
      assert.deepStrictEqual(linesOf(half).slice(0, 2), ["meanwhile eu", "while cut off eu"])
      assert.isFalse(half.body.isWhole)
      assert.deepStrictEqual(
        half.body.asOf.map(({ isCurrent, region }: { isCurrent: boolean; region: string }) => [region, isCurrent]),
        [
          ["br", false],
          ["eu", true]
        ]
      )
      const command = yield* homing(["conversations", `+${ana}`, "--url", before.url], {
        cwd: path,
        env: { API_KEY: apiKey }
      })
      assert.strictEqual((yield* command.ended).code, 0, command.stderr())
      assert.strictEqual(command.stdout().trimEnd().split("\n").length, 5)
      assert.match(command.stderr(), /^homing: region br is as of \S+: it may have more\n$/)

      // the home itself is gone for a while, and its regions go on
      yield* first.end
      yield* becomes(br.gateway, "G", "delivered")
      yield* says(br.gateway, "H", "last", ana, 1_749_416_006)
      const after = yield* homeOf(path, regions)
      yield* br.between.heal
      yield* agrees(path, regions)
      const healed = yield* eventually(asked(after), ({ body }) => body.isWhole === true)
      assert.deepStrictEqual(linesOf(healed), [
        "last br",
        "meanwhile eu",
        "while cut off br eu",
        "at home home",
        "hello from eu eu",
        "oi br"
      ])
      // in pages, each once
      const pages: Array<string> = []
      for (let next: string | null = ""; next !== null; ) {
        const page: Effect.Success<ReturnType<typeof asked>> = yield* asked(
          after,
          ana,
          `&limit=2${next === "" ? "" : `&after=${next}`}`
        )
        pages.push(...linesOf(page))
        next = page.body.next
      }
      assert.deepStrictEqual(pages, linesOf(healed))
    })
  )

  it.live("is asked by a region for what it has, through a partition and its healing", () =>
    Effect.gen(function* () {
      const eu = yield* regionOf("eu")
      const path = yield* folderOfOne
      const first = yield* life
      const before = yield* first.during(homeOf(path, [eu]))
      yield* says(eu.gateway, "A", "hello from eu")
      yield* eventually(asked(before), ({ body }) => body.items?.length === 1 && body.isWhole === true)
      const { body } = yield* before.call("POST", "/v1/clients", { name: "br", scopes: ["conversations:read"] })
      let sent = 0
      const between = yield* proxy(Number(new URL(before.url).port), {
        tap: (way) => {
          if (way === "toServer") sent += 1
        }
      })
      const askingWith = (key: string) =>
        Effect.flatMap(folderOfOne, (own) =>
          start(own, AcknowledgesAtOnce.layer, {
            options: {
              ...optionsOf(),
              region: "br",
              regions: { homeUrl: `${between.through(before.url)}/`, homeKey: Redacted.make(key) }
            },
            ports: NodeHttp.layer({ allow: [{ range: "loopback", port: undefined }] }),
            withoutAgent: true
          })
        )
      const br = yield* askingWith(body.key.secret)
      const ask = asked(br, ana, "&from=home")

      const told = yield* ask
      assert.deepStrictEqual(told.body, (yield* asked(before)).body)
      assert.deepStrictEqual(linesOf(told), ["hello from eu eu"])
      assert.strictEqual((yield* asked(br)).body.code, "not_home") // unless it is asked for
      assert.strictEqual((yield* asked(eu.gateway, ana, "&from=home")).body.code, "not_home") // it knows of none
      assert.deepStrictEqual(linesOf(yield* asked(before, ana, "&from=home")), ["hello from eu eu"])
      assert.strictEqual((yield* asked(br, ana, "&from=home&after=nonsense")).body.code, "invalid_request")
      const command = yield* homing(["conversations", "--from-home", `+${ana}`, "--url", br.url], {
        cwd: path,
        env: { API_KEY: apiKey }
      })
      assert.strictEqual((yield* command.ended).code, 0, command.stderr())
      assert.strictEqual(command.stdout().trimEnd().split("\n").length, 1)

      const stranger = yield* askingWith("nobody's key, though long enough".replaceAll(" ", "-"))
      const refused = yield* asked(stranger, ana, "&from=home")
      assert.deepStrictEqual([refused.status, refused.body.code], [502, "home_refused"])

      // whoever asks too often meanwhile waits for nobody
      yield* between.set({ halfOpen: true })
      for (const cut of yield* Effect.all([ask, ask, ask], { concurrency: "unbounded" })) {
        assert.deepStrictEqual([cut.status, cut.body.code], [503, "home_unreachable"])
        assert.strictEqual(cut.headers.get("retry-after"), "5")
      }
      const sofar = sent
      assert.strictEqual((yield* ask).body.code, "home_unreachable")
      assert.strictEqual(sent, sofar)
      yield* between.heal
      assert.deepStrictEqual(linesOf(yield* eventually(ask, ({ status }) => status === 200)), ["hello from eu eu"])
    })
  )

  it.live("is none of its own", () =>
    Effect.gen(function* () {
      const own = yield* regionOf("home")
      const started = yield* Effect.flip(Effect.sandbox(homeOf(yield* folderOfOne, [own])))
      assert.match(Cause.pretty(started), /REGIONS names home, which is this gateway's own REGION/)
    })
  )

  it.live("tells a region that an event was taken when it is recorded, and not before", () =>
    Effect.gen(function* () {
      const br = yield* regionOf("br")
      const path = yield* folderOfOne
      const tried = new Set<string>()
      const stuck = Layer.effect(
        EventStore,
        Effect.map(EventStore, (store) => ({
          ...store,
          append: (...asked: Parameters<typeof store.append>) => {
            if (!asked[0].startsWith("region-")) return store.append(...asked)
            tried.add(asked[0])
            return Effect.fail(new EventStoreUnavailable({ written: "no", cause: new Error("no room") }))
          }
        }))
      )
      const first = yield* life
      yield* first.during(homeOf(path, [br], stuck))
      for (const id of ["A", "B", "C"]) yield* says(br.gateway, id, id)
      yield* eventually(
        Effect.sync(() => tried.size),
        (size) => size > 0
      )
      yield* Effect.sleep("1 second") // what must not be acknowledged would be by then
      yield* first.end
      assert.deepStrictEqual(recordedIn(path), [])
      yield* homeOf(path, [br])
      yield* agrees(path, [br])
    })
  )

  it.live("answers whom its scope allows, and forgets with the person's key what came from regions", () =>
    Effect.gen(function* () {
      const br = yield* regionOf("br")
      const path = yield* folderOfOne
      let keys: SubjectKeys["Service"] | undefined
      const heard = Layer.effectDiscard(
        Effect.map(SubjectKeys, (found) => {
          keys = found
        })
      )
      const homing = yield* start(path, AcknowledgesAtOnce.layer, {
        options: { ...optionsOf(), region: "home" },
        ports: Layer.merge(
          Layer.effect(
            RegionFeeds,
            Effect.map(br.feed, (feed) => [feed])
          ),
          heard
        ) as Layer.Layer<never, unknown, SubjectKeys>,
        withoutAgent: true
      })
      yield* says(br.gateway, "A", "oi")
      const told = yield* eventually(asked(homing), ({ body }) => body.items?.length === 1)
      assert.deepStrictEqual(linesOf(told), ["oi br"])

      const clientWith = Effect.fnUntraced(function* (scopes: ReadonlyArray<string>) {
        const { body } = yield* homing.call("POST", "/v1/clients", { name: "br", scopes })
        return { call: callerOf(homing.url, body.key.secret) }
      })
      assert.strictEqual((yield* asked(yield* clientWith(["messages:read:all"]))).body.code, "forbidden")
      assert.deepStrictEqual(linesOf(yield* asked(yield* clientWith(["conversations:read"]))), ["oi br"])
      assert.strictEqual((yield* asked(br.gateway)).body.code, "not_home")
      assert.strictEqual((yield* asked(homing, "nonsense")).body.code, "invalid_request")
      assert.strictEqual((yield* asked(homing, ana, "&after=nonsense")).body.code, "invalid_request")

      const subject = subjectIdOf(crypto, crypto.macKey(pepper), defaultTenant, "phone", `+${ana}`)
      yield* keys!.destroy(defaultTenant, subject)
      const erased = yield* asked(homing)
      assert.lengthOf(erased.body.items, 1)
      assert.notProperty(erased.body.items[0], "data")
    })
  )
})
