import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

/** Who may import whom. Folders are the architecture; this file is the only place that says so. */
const root = resolve(import.meta.dirname, "..")

/** Composition roots: the only files of services and mac-agent where a program meets its adapters. */
const roots = ["services/layers/Processes.ts", "services/cli/", "mac-agent/Layers.ts"]

/** Started by their names. */
const programs = ["services/cli/homing.ts", "infra/whatsapp/simulator/main.ts", "infra/event-store/double/main.ts"]

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
  "effect/http": ["services/access/", "services/cli/", "services/gateway/", "services/http/", "services/messages/"],
  "effect/http-api": [
    "services/access/",
    "services/api/",
    "services/devices/",
    "services/gateway/",
    "services/health/",
    "services/messages/",
    "services/transports/agent-link/",
    "services/http/"
  ],
  "effect/sql": [
    "infra/leases/",
    "infra/limits/",
    "infra/postgres/",
    "infra/sqlite/",
    "infra/subject-keys/",
    "services/views/",
    "services/messages/MessagesView.ts",
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
  "libphonenumber-js": ["services/http/"]
}

/** Which rooms of the gateway a room may use: contract below, plumbing below it, features beside each other, the door on top. */
const below: Record<string, ReadonlyArray<string>> = {
  telemetry: [],
  tables: [],
  runtime: ["telemetry"],
  views: ["runtime", "tables"],
  api: ["runtime", "views"],
  http: ["api", "telemetry", "views"],
  identity: ["runtime", "tables"],
  access: ["api", "http", "runtime", "views"],
  devices: ["api", "http", "runtime", "tables", "views"],
  messages: ["api", "devices", "http", "identity", "runtime", "telemetry", "views"],
  "transports/agent-link": ["api", "devices", "http", "identity", "messages", "runtime", "tables"],
  dispatch: ["devices", "identity", "messages", "runtime", "tables", "telemetry", "transports/agent-link", "views"],
  health: ["api", "devices", "http", "identity", "runtime", "telemetry", "transports/agent-link", "views"],
  gateway: ["access", "api", "devices", "health", "http", "messages", "telemetry", "transports/agent-link"]
}

const isIn = (places: ReadonlyArray<string>, file: string) => places.some((place) => file.startsWith(place))
const isOf = (library: string, target: string) => target === library || target.startsWith(`${library}/`)
/** Tests, the contracts of ports and what both need: a `testing/` stands where what it helps to test stands. */
const isTest = (file: string) => /(\.test|\/contract)\.ts$|\/(contract|testing)\//.test(file)

const sourcesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith(".ts"))
const sources = Object.keys(rooms).flatMap(sourcesIn)

const targetOf = (file: string, name: string): string => {
  if (name.startsWith("#")) return name.slice(1)
  return name.startsWith(".") ? relative(root, resolve(root, dirname(file), name)) : name
}
const importsOf = (file: string) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) =>
    targetOf(file, name!)
  )

/** A room of the gateway; `undefined` for what puts it together. */
const roomOf = (file: string): string | undefined =>
  Object.keys(below).find((room) => file.startsWith(`services/${room}/`))

const production = sources.filter((file) => !isTest(file))
const uses = production.flatMap((file) =>
  importsOf(file)
    .filter((target) => production.includes(target))
    .map((target) => [file, target] as const)
)

/** A file in a room's root stands for itself: what lists a whole room is there beside what the room stands on. */
const folderOf = (file: string): string => (file.split("/").length === 2 ? file : dirname(file))

/** Everything that can be reached from a name, itself only if there is a way back. */
const reach = (edges: ReadonlyMap<string, ReadonlySet<string>>, from: string): ReadonlySet<string> => {
  const found = new Set<string>()
  const look = (name: string) => {
    for (const next of edges.get(name) ?? []) {
      if (found.has(next)) continue
      found.add(next)
      look(next)
    }
  }
  look(from)
  return found
}
const graphOf = (pairs: ReadonlyArray<readonly [string, string]>) => {
  const edges = new Map<string, Set<string>>()
  for (const [from, to] of pairs) if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
  return edges
}
const circles = (pairs: ReadonlyArray<readonly [string, string]>) => {
  const edges = graphOf(pairs)
  return [...edges.keys()].filter((name) => reach(edges, name).has(name)).toSorted()
}

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

  it("nothing that runs imports what is there for tests", () => {
    const borrowed = production.flatMap((file) =>
      importsOf(file)
        .filter(isTest)
        .map((target) => `${file} -> ${target}`)
    )
    assert.deepStrictEqual(borrowed, [])
  })

  it("what only tests use is in a place for it", () => {
    const running = [...production, ...sourcesIn("bench")]
    const used = new Set([...programs, ...running.flatMap(importsOf)])
    assert.deepStrictEqual(
      production.filter((file) => !used.has(file)),
      []
    )
    assert.deepStrictEqual(
      programs.filter((program) => !production.includes(program)),
      []
    )
  })

  it("every place that is named here makes use of it", () => {
    const makesUse = (place: string, used: (target: string) => boolean) =>
      sources.some((file) => file.startsWith(place) && !isTest(file) && importsOf(file).some(used))
    const idle = Object.entries(confined).flatMap(([name, places]) =>
      places.filter((place) => !makesUse(place, (target) => isOf(name, target))).map((place) => `${place}: ${name}`)
    )
    assert.deepStrictEqual(idle, [])
    assert.isTrue(roots.every((root) => makesUse(root, (target) => target.startsWith("infra/"))))
  })

  it("no adapter is reached from outside of the roots, by whatever way", () => {
    const edges = graphOf(uses)
    const outside = production.filter((file) => /^(services|mac-agent)\//.test(file) && !isIn(roots, file))
    assert.deepStrictEqual(
      outside.filter((file) => [...reach(edges, file)].some((target) => target.startsWith("infra/"))),
      []
    )
  })

  it("a room of the gateway uses those that it may, and every one of these", () => {
    const between = new Set(
      uses.flatMap(([file, target]) => {
        const [from, to] = [roomOf(file), roomOf(target)]
        return from === undefined || to === undefined || from === to ? [] : [`${from} -> ${to}`]
      })
    )
    const listed = Object.entries(below).flatMap(([room, others]) => others.map((other) => `${room} -> ${other}`))
    assert.deepStrictEqual([...between].toSorted(), listed.toSorted())
  })

  it("no folder needs itself in the end", () => {
    assert.deepStrictEqual(circles(uses.map(([file, target]) => [folderOf(file), folderOf(target)] as const)), [])
  })

  it("no file does", () => {
    assert.deepStrictEqual(circles(uses), [])
  })

  it("sees a circle", () => {
    assert.deepStrictEqual(
      circles([
        ["a", "b"],
        ["b", "c"],
        ["c", "b"]
      ]),
      ["b", "c"]
    )
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
