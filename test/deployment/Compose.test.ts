import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as ConnectionString from "#infra/event-store/eventstoredb/ConnectionString.ts"
import * as PostgresUrl from "#infra/postgres/PostgresUrl.ts"
import * as Config from "#services/Config.ts"
import { compose, ours, services } from "./Compose.ts"
import { list, manifest, root, testedWith, text, wholeVersion } from "./Files.ts"

/** As a shell would with these variables. */
const filled = (value: string) => value.replaceAll(/\$\{(\w+):\?[^}]*\}/g, "a-secret-of-24-characters")

describe("the compose file's services", () => {
  it("name images with their whole version, those that the workflow tests with", () => {
    const pulled = services.filter(([, { build }]) => build === undefined).map(([, { image }]) => image)
    assert.strictEqual(pulled.length, 3)
    for (const image of pulled) assert.match(image, wholeVersion)
    assert.includeMembers(pulled, testedWith)
    for (const [, { image }] of ours) assert.strictEqual(image, `homing:${manifest.version}`)
  })

  it.effect("set what can be set, to what is valid", () =>
    Effect.gen(function* () {
      const known = (yield* Config.read({}, {})).described.map(({ variable }) => variable)
      for (const [, { environment = {} }] of ours) {
        assert.includeMembers(known, Object.keys(environment))
        const values = Object.entries(environment).map(([name, value]) => [name, filled(value)])
        yield* Config.read(Object.fromEntries(values), {})
      }
    })
  )

  it.effect("name servers in the way their clients read", () =>
    Effect.gen(function* () {
      const addressOf = (name: string) => Redacted.make(filled(compose.services.gateway!.environment![name]!))
      const database = yield* PostgresUrl.parse(addressOf("DATABASE_URL"))
      assert.deepInclude(database, { host: "postgres", port: 5432, username: "homing", tls: false })
      const store = yield* ConnectionString.decode(addressOf("EVENTSTORE_URL"))
      assert.deepInclude(store, { hosts: [{ address: "eventstore", port: 2113 }], tls: false })
      for (const host of ["postgres", "eventstore"]) assert.property(compose.services, host)
    })
  )

  it("have no secret and no default for one", () => {
    const asked = [...text("docker-compose.yml").matchAll(/\$\{?(\w+)([^}]*)/g)]
    const names = ["API_KEY", "POSTGRES_PASSWORD", "HOMING_GATEWAY_NKEY", "HOMING_AGENT_HOME_NKEY"]
    assert.sameMembers([...new Set(asked.map(([, name]) => name))], names)
    for (const [whole, , rest] of asked) assert.match(rest!, /^:\?./, whole)
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/KEY|PASSWORD|SECRET|TOKEN/.test(name)) assert.match(value, /^\$\{\w+:\?[^}]+\}$/, name)
        assert.notMatch(value, /\/\/[^$]*:[^$]*@/, name)
      }
    }
  })

  it("publish the gateway alone, on the loopback address", () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))
    assert.deepStrictEqual(published, [["gateway", "127.0.0.1:4010:4010"]])
    assert.isTrue(compose.networks.back?.internal)
    for (const [name, { build, networks }] of services) {
      assert.deepStrictEqual(networks, build === undefined ? ["back"] : ["front", "back"], name)
    }
  })

  it("run Homing on a file system it cannot change but for its data", () => {
    for (const [name, service] of ours) {
      assert.isTrue(service.read_only, name)
      assert.deepStrictEqual(service.cap_drop, ["ALL"])
      assert.deepStrictEqual(service.volumes, [`${name}:/data`])
    }
  })

  it("keep everything that is stored, and mount what is there", () => {
    for (const [name, { volumes }] of services) {
      for (const volume of volumes) {
        const [source] = volume.split(":")
        if (source!.startsWith(".")) assert.isTrue(existsSync(join(root, source!)), volume)
        else assert.property(compose.volumes, source!, `${name} ${volume}`)
      }
    }
  })

  it("give NATS the configuration that is shipped, and every value that it asks for", () => {
    const { command, environment, volumes } = compose.services.nats!
    const config = command![command!.indexOf("--config") + 1]!
    const [source, target] = volumes[0]!.split(":")
    assert.strictEqual(dirname(config), target)
    const wanted = [...text(join(source!, basename(config))).matchAll(/^(?!\s*#).*?\$(HOMING_\w+)/gm)]
    assert.sameMembers(
      wanted.map(([, name]) => name),
      Object.keys(environment!)
    )
  })

  it("wait only for what says when it is well", () => {
    for (const [name, { depends_on = {} }] of services) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        assert.strictEqual(condition, "service_healthy")
        assert.isDefined(compose.services[other]?.healthcheck?.test, `${name} waits for ${other}`)
      }
    }
  })

  it("run commands that exist", () => {
    const entry = list("ENTRYPOINT").at(-1)!
    for (const [, { command }] of ours) {
      const args = [join(root, entry), ...command!.slice(0, -1), "--help"]
      const help = execFileSync(process.execPath, args, { encoding: "utf8" })
      assert.match(help, new RegExp(`^\\s+${command!.at(-1)}\\s`, "m"))
    }
    const strings = [...text("mac-agent/launchd/homing.agent.plist").matchAll(/<string>([^<]*)</g)].map(
      ([, one]) => one!
    )
    assert.includeMembers(strings, [entry, ...compose.services.agent!.command!])
  })
})
