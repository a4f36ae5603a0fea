import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { apiKey, folder } from "./Homing.ts"
import { homing } from "./Process.ts"
import { gateway, said } from "./RoutesFixture.ts"

const example = readFileSync(join(import.meta.dirname, "../docs/examples/routes.json"), "utf8")

const scene = Effect.gen(function* () {
  const cwd = yield* folder
  const { call, url } = yield* gateway(yield* folder)
  const run = Effect.fnUntraced(function* (what: string, ...args: ReadonlyArray<string>) {
    const env = { NO_COLOR: "1", API_KEY: apiKey }
    const process = yield* homing([...what.split(" "), "--url", url, ...args], { cwd, env })
    const { code } = yield* process.ended
    return { code, err: process.stderr().trimEnd(), said: process.stdout().trimEnd() }
  })
  const json = (what: string, ...args: ReadonlyArray<string>) =>
    Effect.map(run(what, "--json", ...args), ({ code, err, said }) => {
      assert.deepStrictEqual([code, err], [0, ""])
      return said === "" ? [] : said.split("\n").map((line) => JSON.parse(line))
    })
  const file = (name: string, text: string) => {
    writeFileSync(join(cwd, name), text)
    return name
  }
  return { call, file, json, run }
})

it.live(
  "an operator leads what Meta tells by command: adds targets, sets routes from the example, asks where a request goes",
  () =>
    Effect.gen(function* () {
      const { file, json, run } = yield* scene
      const table = JSON.parse(example)
      const names = new Set(
        Object.values<Record<string, Array<string>> | Array<string>>(table).flatMap((part) =>
          Object.values(part).flat()
        )
      )
      const [early] = [yield* run("routes set", file("routes.json", example))]
      assert.deepStrictEqual([early.code, early.said], [1, ""])
      assert.match(early.err, /^homing: the gateway answers 422 invalid_request: /)
      for (const name of names) {
        const region = name === "eu" ? ["--region", "eu"] : []
        const [made] = yield* json("targets add", ...region, name, `https://${name}.example/in`)
        assert.deepStrictEqual([made.name, made.unit, made.region], [name, "change", name === "eu" ? "eu" : null])
        assert.match(made.secret, /^whsec_/)
      }
      const [kept] = yield* json("routes set", "routes.json")
      assert.deepInclude(kept, table)
      file("kept.json", JSON.stringify(kept))
      assert.deepStrictEqual(yield* json("routes set", "kept.json"), [kept])
      const shown = yield* run("routes show")
      assert.include(shown.said.split("\n"), "prefix 1876 → caribbean")
      assert.include(shown.said.split("\n"), "others → elsewhere")
      const posted = file(
        "posted.json",
        JSON.stringify(said("18765551234", "4915112345678", "999")).replaceAll("106540352242922", "7")
      )
      const explained = yield* run("routes explain", posted)
      assert.deepStrictEqual(explained.said.split("\n"), [
        "messages message 7  by prefix 1876 → caribbean (change)",
        "messages message 7  by prefix 49 → eu (change eu)",
        "messages message 7  by default → elsewhere (change)"
      ])
      const [found] = yield* json("routes explain", posted)
      assert.lengthOf(found.changes, 3)
      for (const [text, mistake] of [
        ["[]", /^homing: odd\.json: /],
        ["{", /^homing: odd\.json is not JSON$/],
        ['{"prefix":{}}', /^homing: odd\.json: /]
      ] as const) {
        const odd = yield* run("routes set", file("odd.json", text))
        assert.deepStrictEqual([odd.code, odd.said], [1, ""])
        assert.match(odd.err, mistake)
      }
    })
)

it.live("an operator changes a target by its name: moves it, turns it off and on, changes its secret, removes it", () =>
  Effect.gen(function* () {
    const { call, file, json, run } = yield* scene
    const raw = yield* run(
      "targets add",
      "--unit",
      "raw",
      "--gateway-secret",
      file("secret", "told\n"),
      "log",
      "https://log.example/"
    )
    assert.deepStrictEqual([raw.code, raw.err], [0, ""])
    assert.match(raw.said, /^\S+ {2}log {2}raw {2}enabled {2}https:\/\/log\.example\/$/)
    const again = call("PATCH", `/v1/targets/${raw.said.split(" ")[0]}`, { gatewaySecret: "told" })
    assert.strictEqual((yield* again).status, 200)
    yield* run("targets add", "eu", "https://eu.example/")
    assert.deepStrictEqual(yield* json("deliveries list", "--target", "eu"), [])
    assert.strictEqual((yield* run("deliveries redrive", "--target", "eu")).said, "0 deliveries are redriven")
    const unknown = yield* run("deliveries redrive", "--target", "eus")
    assert.deepStrictEqual([unknown.code, unknown.err], [1, "homing: there is no target eus"])
    const moved = yield* run("targets move", "eu", "https://new.example/")
    assert.match(moved.said, /enabled {2}https:\/\/new\.example\/$/)
    assert.match((yield* run("targets disable", "eu")).said, / disabled \(operator\) /)
    assert.strictEqual((yield* json("targets enable", "eu"))[0].state, "enabled")
    assert.match((yield* run("targets rotate", "--overlap", "0", "eu")).said, /\n {2}secret whsec_\S+ /)
    const [shown] = yield* json("targets show", "eu")
    assert.deepStrictEqual([shown.name, shown.secret, shown.keys.length], ["eu", undefined, 1])
    assert.strictEqual((yield* run("targets remove", "eu")).code, 0)
    assert.deepStrictEqual(
      (yield* json("targets list")).map(({ name }) => name),
      ["log"]
    )
    const none = yield* run("targets show", "eu")
    assert.deepStrictEqual([none.code, none.err], [1, "homing: the app default has no target eu"])
    const strange = yield* run("targets list", "--app", "shop")
    assert.match(strange.err, /^homing: the gateway answers 404 app_not_found: /)
  })
)
