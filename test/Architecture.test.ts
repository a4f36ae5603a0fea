import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"

/** Who may import whom. Folders are the architecture; this file is the only place that says so. */
const root = resolve(import.meta.dirname, "..")

/** Composition roots: the only files of services and mac-agent where a program meets its adapters. */
const isRoot = (file: string) =>
  ["services/main.ts", "services/layers.ts", "mac-agent/Layers.ts"].includes(file) || file.startsWith("services/cli/")

const rooms: Record<string, (target: string) => boolean> = {
  "domain/": (to) => to === "effect" || to.startsWith("domain/"),
  "infra/": (to) => !to.startsWith("services/") && !to.startsWith("mac-agent/"),
  "services/": (to) => !to.startsWith("infra/") && !to.startsWith("mac-agent/"),
  "mac-agent/": (to) => !to.startsWith("infra/") && !to.startsWith("services/")
}

/** Vendor libraries that stay in one place, so that an upgrade touches few files. */
const confined: Record<string, (file: string) => boolean> = {
  "node:sqlite": (file) => file.startsWith("infra/"),
  nats: (file) => file.startsWith("infra/bus/jetstream/"),
  "@effect/sql-pg": (file) => file.startsWith("infra/postgres/"),
  "@whiskeysockets/baileys": (file) => file.startsWith("infra/whatsapp/"),
  "effect/http-api": (file) => file.startsWith("services/gateway/"),
  "libphonenumber-js": (file) => file.startsWith("services/gateway/")
}

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
      const library = Object.entries(confined).find(([name]) => target === name || target.startsWith(`${name}/`))
      return (!allowed(target) && !isRoot(file)) || (library !== undefined && !library[1](file))
    })
    .map((target) => `${file} -> ${target}`)
}

describe("architecture", () => {
  it("rooms import only what they may", () => {
    assert.isAbove(sources.length, 100)
    assert.deepStrictEqual(sources.filter((file) => !isTest(file)).flatMap(violations), [])
  })

  it("sees a forbidden import", () => {
    assert.isFalse(rooms["domain/"]!("node:crypto"))
    assert.isFalse(rooms["services/"]!("infra/sqlite/Database.ts"))
    assert.isFalse(rooms["mac-agent/"]!("services/Config.ts"))
    assert.include(importsOf("services/layers.ts").join(" "), "infra/event-store/Sqlite.ts")
  })

  it("files stay readable", () => {
    const lines = (file: string) => readFileSync(join(root, file), "utf8").split("\n").length
    assert.deepStrictEqual(
      sources.filter((file) => lines(file) > 300),
      []
    )
  })
})
