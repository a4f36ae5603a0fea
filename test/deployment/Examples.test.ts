import { execFileSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Config from "#services/Config.ts"
import { flagsOf, manifest, root, text } from "./Files.ts"

const units = readdirSync(join(root, "docs/examples")).filter((name) => name.endsWith(".service"))
const valuesOf = (unit: string, name: string) =>
  [...text(join("docs/examples", unit)).matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value]) => value!)

describe("the units of systemd", () => {
  it("run commands that exist", () => {
    assert.lengthOf(units, 2)
    for (const unit of units) {
      const [node, ...rest] = valuesOf(unit, "ExecStart")[0]!.split(" ")
      const [entry, ...command] = rest.filter((word) => !word.startsWith("--"))
      assert.strictEqual(node, join(valuesOf(unit, "WorkingDirectory")[0]!, "node_modules/.bin/node"))
      const help = execFileSync(process.execPath, [join(root, entry!), ...command.slice(0, -1), "--help"], {
        encoding: "utf8"
      })
      assert.match(help, new RegExp(`^\\s+${command.at(-1)}\\s`, "m"))
      assert.deepStrictEqual(flagsOf(rest), flagsOf(manifest.scripts.start!.split(" ")))
    }
  })

  it.effect("set what can be set, and keep it where they may write", () =>
    Effect.gen(function* () {
      for (const unit of units) {
        const pairs = valuesOf(unit, "Environment").flatMap((line) => line.split(" ").map((pair) => pair.split("=")))
        const { NODE_COMPILE_CACHE, NODE_ENV, ...environment }: Record<string, string> = Object.fromEntries(pairs)
        assert.strictEqual(NODE_ENV, "production")
        assert.strictEqual(NODE_COMPILE_CACHE, join("/var/cache", valuesOf(unit, "CacheDirectory")[0]!))
        assert.deepStrictEqual(Object.keys(environment), ["DATA_DIR"])
        const { config } = yield* Config.read(environment, {})
        assert.strictEqual(config.process.dataDirectory, join("/var/lib", valuesOf(unit, "StateDirectory")[0]!))
      }
    })
  )
})

it("both proxies let in the same paths", () => {
  const [, caddy] = /@public path (.+)/.exec(text("docs/deploy.md"))!
  const [open, others] = [...text("docs/examples/nginx.conf").matchAll(/location ~ \^\/homing\/\((.+)\)\$/g)].map(
    ([, paths]) => paths!.split("|").map((one) => `/${one.replace(/\.[+*]/, "*").replace("\\.", ".")}`)
  )
  assert.deepStrictEqual(open, ["/v1/live", "/ws"]) // the first that fits is taken
  assert.include(others!, "/v1/*")
  assert.sameMembers(["/ws", ...others!], caddy!.split(" "))
})
