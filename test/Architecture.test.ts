import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

/** Who may import whom. Folders are the architecture; this file is the only place that says so. */
const root = resolve(import.meta.dirname, "..")

/** Composition roots: the only files of services and mac-agent where a program meets its adapters. */
const roots = ["services/layers/Processes.ts", "services/cli/", "mac-agent/Layers.ts"]

const rooms: Record<string, (target: string) => boolean> = {
  "domain/": (to) => to === "effect" || to.startsWith("domain/"),
  "infra/": (to) => !to.startsWith("services/") && !to.startsWith("mac-agent/"),
  "services/": (to) => !to.startsWith("infra/") && !to.startsWith("mac-agent/"),
  "mac-agent/": (to) => !to.startsWith("infra/") && !to.startsWith("services/")
}

/** Libraries of vendors, and what Effect calls unstable, stay in few places, so that an upgrade touches few files. */
const confined: Record<string, ReadonlyArray<string>> = {
  "node:sqlite": ["infra/"],
  nats: ["infra/bus/jetstream/"],
  "@effect/sql-pg": ["infra/postgres/"],
  "@whiskeysockets/baileys": ["infra/whatsapp/"],
  "effect/http": ["services/gateway/", "services/cli/"],
  "effect/http-api": ["services/gateway/"],
  "effect/sql": [
    "infra/leases/",
    "infra/limits/",
    "infra/postgres/",
    "infra/sqlite/",
    "infra/subject-keys/",
    "services/projections/",
    "services/tables/Tables.ts",
    "services/access/KeysView.ts",
    "services/transports/agent-link/AgentsHeard.ts",
    "services/devices/SharedPairingCodes.ts",
    "services/identity/OlderLog.ts",
    "services/identity/OwnDatabase.ts",
    "services/dispatch/Dispatcher.ts",
    "services/messages/MessagesLive.ts",
    "services/dispatch/Reconciler.ts",
    "services/dispatch/Reissues.ts"
  ],
  "libphonenumber-js": ["services/gateway/"]
}

const isIn = (places: ReadonlyArray<string>, file: string) => places.some((place) => file.startsWith(place))
const isOf = (library: string, target: string) => target === library || target.startsWith(`${library}/`)
const isTest = (file: string) => /(\.test|\/contract|Fixture)\.ts$/.test(file) || file.includes("/contract/")

const sources = Object.keys(rooms).flatMap((room) =>
  readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
    .map((file) => join(room, file))
    .filter((file) => file.endsWith(".ts"))
)

const importsOf = (file: string) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target]) =>
    target!.startsWith("#")
      ? target!.slice(1)
      : target!.startsWith(".")
        ? relative(root, resolve(root, dirname(file), target!))
        : target!
  )

const violations = (file: string): ReadonlyArray<string> => {
  const [, allowed] = Object.entries(rooms).find(([room]) => file.startsWith(room))!
  return importsOf(file)
    .filter((target) => {
      const library = Object.entries(confined).find(([name]) => isOf(name, target))
      return (!allowed(target) && !isIn(roots, file)) || (library !== undefined && !isIn(library[1], file))
    })
    .map((target) => `${file} -> ${target}`)
}

describe("architecture", () => {
  it("rooms import only what they may", () => {
    assert.isAbove(sources.length, 100)
    assert.deepStrictEqual(sources.filter((file) => !isTest(file)).flatMap(violations), [])
  })

  it("every place that is named here makes use of it", () => {
    const uses = (place: string, used: (target: string) => boolean) =>
      sources.some((file) => file.startsWith(place) && !isTest(file) && importsOf(file).some(used))
    const idle = Object.entries(confined).flatMap(([name, places]) =>
      places.filter((place) => !uses(place, (target) => isOf(name, target))).map((place) => `${place}: ${name}`)
    )
    assert.deepStrictEqual(idle, [])
    assert.isTrue(roots.every((root) => uses(root, (target) => target.startsWith("infra/"))))
  })

  it("sees a forbidden import", () => {
    assert.isFalse(rooms["domain/"]!("node:crypto"))
    assert.isFalse(rooms["services/"]!("infra/sqlite/Database.ts"))
    assert.isFalse(rooms["mac-agent/"]!("services/Config.ts"))
    assert.include(importsOf("services/layers/Processes.ts").join(" "), "infra/event-store/sqlite/Sqlite.ts")
  })

  it("files stay readable", () => {
    const lines = (file: string) => readFileSync(join(root, file), "utf8").split("\n").length
    assert.deepStrictEqual(
      sources.filter((file) => lines(file) > 300),
      []
    )
  })
})
