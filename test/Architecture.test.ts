import { assert, describe, it } from "@effect/vitest"
import { graphOf, reach } from "./Graph.ts"
import { importsOf, isIn, isTest, production, sources, textOf, uses } from "./Sources.ts"

/** Who may import whom. Folders are the architecture; this file is the only place that says so. */

/** Composition roots: the only files of services and mac-agent that import adapters, each those of its half. */
const roots = ["services/layers/Adapters.ts", "services/layers/ReadingAdapters.ts", "mac-agent/Layers.ts"]
/** What puts processes together: nobody else comes near a root, by whatever way, or near both halves. */
const composition = ["services/layers/", "services/cli/"]

/** The pages run in a browser: they share what the API declares and what is true whatever the technology, and nothing that serves it. */
const pages = "services/dashboard/app/"

const rooms: Record<string, (target: string, file: string) => boolean> = {
  [pages]: (to) =>
    isIn([pages, "services/api/", "domain/"], to) ||
    (!/^(infra|services|mac-agent)\//.test(to) && !/^(node:|#)/.test(to)),
  "domain/": (to) => to === "effect" || to.startsWith("domain/"),
  "infra/": (to) => !to.startsWith("services/") && !to.startsWith("mac-agent/"),
  "services/": (to, from) =>
    (!to.startsWith("infra/") || isIn(roots, from)) && (!to.startsWith("mac-agent/") || isIn(composition, from)),
  "mac-agent/": (to, from) => (!to.startsWith("infra/") || isIn(roots, from)) && !to.startsWith("services/")
}

/** SQL of a room of the gateway. */
const rows = /^services\/\w+(\/[\w-]+)*\/\w*Rows\.ts$/

/** Libraries of vendors, and what Effect calls unstable, stay in few places, so that an upgrade touches few files. */
const confined: Record<string, ReadonlyArray<string | RegExp>> = {
  "node:sqlite": ["infra/"],
  "@aws-sdk/client-s3": ["infra/archive/"],
  nats: ["infra/bus/jetstream/"],
  "@effect/sql-pg": ["infra/postgres/"],
  "@whiskeysockets/baileys": ["infra/whatsapp/"],
  "effect/http": [
    "services/access/",
    "services/cli/",
    "services/contacts/",
    "services/dashboard/PagesHttp.ts",
    "services/dashboard/app/gateway/",
    "services/gateway/",
    "services/http/",
    "services/live/",
    "services/messages/"
  ],
  "effect/http-api": [
    "services/access/",
    "services/api/",
    "services/audit/AuditHttp.ts",
    "services/chats/",
    "services/cli/Client.ts",
    "services/contacts/",
    "services/dashboard/app/gateway/",
    "services/devices/",
    "services/erasure/",
    "services/events/",
    "services/gateway/",
    "services/health/",
    "services/regions/",
    "services/routes/",
    "services/statistics/",
    "services/webhooks/",
    "services/inbound/",
    "services/live/",
    "services/messages/",
    "services/transports/agent-link/",
    "services/http/"
  ],
  "effect/sql": [
    "infra/blobs/",
    "infra/leases/",
    "infra/limits/",
    "infra/postgres/",
    "infra/sqlite/",
    "infra/subject-keys/",
    "services/views/",
    "services/tables/",
    rows
  ],
  vite: ["services/dashboard/Build.ts", "services/dashboard/vite.config.ts"],
  react: [pages],
  "react-dom": [pages],
  "@mantine": [pages],
  "@tanstack": [pages],
  "@noble/hashes": ["services/dashboard/app/evidence/"],
  "libphonenumber-js": ["services/http/"],
  ws: ["infra/whatsapp/simulator/", "services/live/"],
  "ipaddr.js": ["infra/outbound-http/"]
}

/** What costs a reader more than it seems to stands behind doors that say why. A word, and where it may be written. */
const tricks: ReadonlyArray<readonly [word: RegExp, places: ReadonlyArray<string>]> = [
  [/Eager\b/, ["domain/AtOnce.ts"]],
  [/Primitive\b/, ["domain/Afterwards.ts"]],
  [
    /Unsafe\b/,
    [
      "domain/Clocks.ts",
      "domain/Later.ts",
      "domain/wire/Tally.ts",
      "infra/Inflow.ts",
      "services/access/AuthorizationHttp.ts",
      "services/gateway/Edge.ts",
      "services/http/Patience.ts",
      "services/runtime/Watched.ts",
      "services/telemetry/Metrics.ts"
    ]
  ],
  [/\bWeak(Map|Set|Ref)\b/, ["domain/Beside.ts"]],
  [/(?<![.\w])set(Timeout|Interval)\b/, ["domain/Timer.ts", "services/dashboard/app/time/Timer.ts"]]
]

/** Which rooms of the gateway a room may use: contract below, plumbing below it, features beside each other, the door on top. */
const below: Record<string, ReadonlyArray<string>> = {
  telemetry: [],
  tables: [],
  runtime: ["telemetry"],
  privacy: ["runtime"],
  views: ["runtime", "tables", "telemetry"],
  api: [],
  http: ["api", "telemetry"],
  identity: ["runtime", "tables"],
  access: ["api", "http", "identity", "privacy", "runtime", "tables", "views"],
  moments: ["runtime", "views"],
  devices: ["api", "http", "identity", "moments", "privacy", "runtime", "tables", "telemetry", "views"],
  messages: [
    "access",
    "api",
    "devices",
    "http",
    "identity",
    "inbound",
    "moments",
    "privacy",
    "runtime",
    "telemetry",
    "views"
  ],
  statistics: ["api", "http", "messages", "views"],
  inbound: ["api", "devices", "http", "identity", "privacy", "runtime", "views"],
  contacts: ["api", "http", "identity", "inbound", "messages", "privacy", "views"],
  chats: ["api", "contacts", "http", "identity", "inbound", "messages", "moments", "privacy", "views"],
  events: [
    "access",
    "api",
    "contacts",
    "http",
    "identity",
    "inbound",
    "messages",
    "privacy",
    "runtime",
    "telemetry",
    "views"
  ],
  audit: ["api", "http", "identity", "tables", "telemetry", "views"],
  announcements: ["events", "http", "identity", "runtime", "tables", "telemetry"],
  "transports/agent-link": [
    "api",
    "audit",
    "devices",
    "http",
    "identity",
    "inbound",
    "privacy",
    "runtime",
    "tables",
    "telemetry",
    "transports"
  ],
  transports: ["messages", "runtime"],
  dispatch: ["devices", "inbound", "messages", "runtime", "tables", "telemetry", "transports", "views"],
  health: [
    "announcements",
    "api",
    "archive",
    "audit",
    "devices",
    "http",
    "identity",
    "runtime",
    "telemetry",
    "transports/agent-link",
    "views",
    "webhooks"
  ],
  webhooks: ["api", "events", "http", "identity", "privacy", "routes", "runtime", "tables", "telemetry", "views"],
  forwarding: ["events", "meta", "privacy", "routes", "runtime", "tables", "telemetry", "views", "webhooks"],
  routes: ["api", "http", "privacy", "runtime", "views"],
  replay: ["devices", "messages", "privacy", "runtime", "views"],
  meta: ["http", "privacy", "routes", "runtime", "tables", "telemetry"],
  archive: ["meta", "routes", "runtime", "telemetry"],
  erasure: ["api", "contacts", "http", "identity", "privacy", "regions", "runtime", "views"],
  regions: ["api", "events", "http", "privacy", "runtime", "views"],
  live: ["access", "api", "devices", "events", "http", "identity", "inbound", "runtime", "telemetry"],
  dashboard: ["api", "http"],
  gateway: ["api", "events", "http", "live", "messages", "runtime", "telemetry"]
}

const stands = (file: string, place: string | RegExp) =>
  typeof place === "string" ? file.startsWith(place) : place.test(file)
const isOf = (library: string, target: string) => target === library || target.startsWith(`${library}/`)
/** What is no part of the product may do as it likes. */
const isStage = (file: string) => /\/(double|simulator|testing)\//.test(file)

/** A room of the gateway; `undefined` for what puts it together. */
const roomOf = (file: string): string | undefined =>
  Object.keys(below).find((room) => file.startsWith(`services/${room}/`))

const violations = (file: string): ReadonlyArray<string> => {
  const [, allowed] = Object.entries(rooms).find(([room]) => file.startsWith(room))!
  return importsOf(file)
    .filter((target) => {
      const library = Object.entries(confined).find(([name]) => isOf(name, target))
      return !allowed(target, file) || (library !== undefined && !library[1].some((place) => stands(file, place)))
    })
    .map((target) => `${file} -> ${target}`)
}

describe("architecture", () => {
  it("rooms import only what they may", () => {
    assert.isAbove(sources.length, 100)
    assert.deepStrictEqual(sources.filter((file) => !isTest(file)).flatMap(violations), [])
  })

  it("every place that is named here makes use of it", () => {
    const makesUse = (place: string | RegExp, used: (target: string) => boolean) =>
      sources.some((file) => stands(file, place) && !isTest(file) && importsOf(file).some(used))
    const idle = Object.entries(confined).flatMap(([name, places]) =>
      places.filter((place) => !makesUse(place, (target) => isOf(name, target))).map((place) => `${place}: ${name}`)
    )
    assert.deepStrictEqual(idle, [])
    assert.isTrue(roots.every((root) => makesUse(root, (target) => target.startsWith("infra/"))))
    assert.isTrue(composition.every((place) => makesUse(place, (target) => target.startsWith("mac-agent/"))))
  })

  it("a trick stands behind its doors, and every door has one", () => {
    const product = production.filter((file) => !isStage(file))
    const written = tricks.flatMap(([word]) =>
      product.filter((file) => word.test(textOf(file))).map((file) => `${file}: ${word.source}`)
    )
    const listed = tricks.flatMap(([word, places]) => places.map((place) => `${place}: ${word.source}`))
    assert.deepStrictEqual(written.toSorted(), listed.toSorted())
  })

  it("no adapter is reached from outside of the composition, by whatever way", () => {
    const edges = graphOf(uses)
    const outside = production.filter(
      (file) => /^(services|mac-agent)\//.test(file) && !isIn([...roots, ...composition], file)
    )
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

  it("sees a forbidden import", () => {
    assert.isFalse(rooms["domain/"]!("node:crypto", "domain/Ids.ts"))
    assert.isFalse(rooms["services/"]!("infra/sqlite/Database.ts", "services/cli/StoreCommand.ts"))
    assert.isTrue(rooms["services/"]!("infra/sqlite/Database.ts", "services/layers/Adapters.ts"))
    assert.isTrue(stands("services/messages/ListedRows.ts", rows))
    assert.isFalse(stands("services/messages/MessagesLive.ts", rows))
    assert.isFalse(rooms[pages]!("services/http/Posting.ts", `${pages}App.tsx`))
    assert.isFalse(rooms[pages]!("node:fs", `${pages}App.tsx`))
    assert.isFalse(rooms["mac-agent/"]!("services/Config.ts", "mac-agent/Layers.ts"))
    assert.include(importsOf("services/layers/Adapters.ts").join(" "), "infra/event-store/sqlite/Sqlite.ts")
  })

  it("files stay readable", () => {
    const lines = (file: string) => textOf(file).split("\n").length
    assert.deepStrictEqual(
      sources.filter((file) => lines(file) > 300),
      []
    )
  })
})
