import { execFileSync } from "node:child_process"
import { existsSync, realpathSync } from "node:fs"
import { dirname, join, matchesGlob, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as ConnectionString from "#infra/event-store/eventstoredb/ConnectionString.ts"
import * as Config from "#services/Config.ts"
import { commands, flagsOf, instructions, jobs, list, manifest, root, testedWith, text, wholeVersion } from "./Files.ts"

describe("the image", () => {
  it("is built on one whole version of the Node that everything runs on", () => {
    const bases = instructions("FROM").map((from) => from.split(" ")[0]!)
    assert.strictEqual(bases.length, 3)
    for (const image of bases) {
      assert.match(image, wholeVersion)
      assert.strictEqual(/:([\d.]+)/.exec(image)![1], manifest.dependencies.node)
    }
  })

  it("runs as a user of its own, with what production needs, and keeps its data in one place", () => {
    assert.deepStrictEqual(instructions("USER"), ["node"])
    assert.match(instructions("RUN").join("\n"), /^npm ci --omit=dev .*--ignore-scripts/)
    assert.deepStrictEqual(instructions("VOLUME"), ["/data"])
    assert.deepStrictEqual(instructions("EXPOSE"), ["4010"])
  })

  it.effect("sets what can be set, to what is valid", () =>
    Effect.gen(function* () {
      const pairs = instructions("ENV").flatMap((line) => line.split(/\s+/).map((pair) => pair.split("=")))
      const { NODE_ENV, ...environment }: Record<string, string> = Object.fromEntries(pairs)
      assert.strictEqual(NODE_ENV, "production")
      const { config, described } = yield* Config.read(environment, {})
      assert.includeMembers(
        described.map(({ variable }) => variable),
        Object.keys(environment)
      )
      assert.strictEqual(config.process.dataDirectory, "/data")
      assert.deepInclude(config.door, { host: "0.0.0.0", port: 4010 })
    })
  )

  it("asks for nothing that only the newest engines know", () => {
    const options = instructions("HEALTHCHECK").flatMap((line) => [...line.matchAll(/--([a-z-]+)=/g)])
    const known = ["interval", "timeout", "start-period", "retries"]
    assert.includeMembers(
      known,
      options.map(([, name]) => name!)
    )
  })

  it("gives its heap the bounds that npm start gives it, which this Node knows", () => {
    const flags = flagsOf(manifest.scripts.start!.split(" "))
    assert.deepStrictEqual(flagsOf(list("ENTRYPOINT")), flags)
    const limits = execFileSync(process.execPath, [...flags, "--v8-options"], { encoding: "utf8" })
    for (const flag of flags) assert.include(limits, `${flag.split("=")[0]!} (`)
  })

  it("runs a command that exists", () => {
    const entry = list("ENTRYPOINT").at(-1)!
    const help = execFileSync(process.execPath, [join(root, entry), "--help"], { encoding: "utf8" })
    assert.match(help, new RegExp(`^\\s+${list("CMD")[0]}\\s`, "m"))
  })

  it("holds what the command loads, and nothing that is not named", () => {
    const [first, ...rest] = text(".dockerignore")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
    assert.strictEqual(first, "*")
    const allowed = rest.filter((line) => line.startsWith("!")).map((line) => line.slice(1))
    const refused = rest.filter((line) => !line.startsWith("!"))
    const isIn = (file: string) =>
      allowed.some((one) => file === one || file.startsWith(`${one}/`)) &&
      !refused.some((pattern) => matchesGlob(file, pattern) || matchesGlob(file, `${pattern}/**`))
    const loaded = new Set<string>()
    const load = (file: string) => {
      if (loaded.has(file)) return
      loaded.add(file)
      for (const [, target] of text(file).matchAll(/(?:from|import)\s*\(?\s*"([#.][^"]+)"/g)) {
        load(target!.startsWith("#") ? target!.slice(1) : relative(root, resolve(root, dirname(file), target!)))
      }
    }
    load(relative(root, realpathSync(join(root, list("ENTRYPOINT").at(-1)!))))
    assert.isAbove(loaded.size, 100)
    const needed = [...loaded, "package.json", "package-lock.json", "LICENSE"]
    assert.deepStrictEqual(
      needed.filter((file) => !isIn(file)),
      []
    )
    const kept = [
      ".env",
      "data/log.db",
      "services/.env",
      ".git/config",
      "test/Homing.ts",
      "infra/bus/in-process/InProcess.test.ts",
      "infra/bus/contract.ts",
      "infra/ledger/contract/Fixtures.ts",
      "infra/testing/TemporaryDirectory.ts",
      "services/testing/GatewayFixture.ts",
      "infra/event-store/double/Server.ts"
    ]
    assert.deepStrictEqual(kept.filter(isIn), [])
  })
})

describe("the workflow", () => {
  it("runs scripts that exist, on the same Node, and the demo from the oldest that is enough to begin", () => {
    const scripts = commands.flatMap((command) => /^npm (?:run )?([\w:]+)/.exec(command)?.[1] ?? [])
    assert.includeMembers(scripts, ["ci", "check", "test"])
    for (const script of scripts) assert.isTrue(script === "ci" || script in manifest.scripts, script)
    const versions = jobs.flatMap(({ steps }) => steps.flatMap((step) => step.with?.["node-version"] ?? []))
    assert.deepStrictEqual(versions, [manifest.dependencies.node, "20"])
    assert.isTrue(existsSync(join(root, "package-lock.json")))
  })

  it.effect("skips nothing, and says where the event store is in the way its client reads", () =>
    Effect.gen(function* () {
      const [env] = jobs.flatMap((job) => (job.env?.EVENTSTORE_URL === undefined ? [] : [job.env]))
      assert.strictEqual(env!.CI, "true")
      const { hosts, tls } = yield* ConnectionString.decode(Redacted.make(env!.EVENTSTORE_URL!))
      assert.deepStrictEqual({ hosts, tls }, { hosts: [{ address: "127.0.0.1", port: 2113 }], tls: false })
    })
  )

  it("names every image with its whole version", () => {
    assert.deepStrictEqual(
      testedWith.map((image) => image.split(":")[0]),
      ["eventstore/eventstore", "nats"]
    )
    for (const image of testedWith) assert.match(image, wholeVersion)
  })
})
