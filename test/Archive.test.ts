import { readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Archive, type ArchiveService, ArchiveUnavailable } from "#domain/ports/Archive.ts"
import * as Files from "#infra/archive/Files.ts"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { eventually, folder, life, start } from "./Homing.ts"
import { changed, message, optionsOf, post, signed } from "./MetaFixture.ts"
import { add, gateway as routed, said, set } from "./RoutesFixture.ts"

interface Faults {
  isAway: boolean
  appended: number
}

/** Files in a folder of their own, as ARCHIVE_URL has them; `faults` takes them away. */
const archiveIn = (path: string, faults: Faults = { isAway: false, appended: 0 }) =>
  Layer.effect(
    Archive,
    Effect.map(
      Files.make({ folder: path }),
      (files): ArchiveService => ({
        ...files,
        open: Effect.map(files.open, ({ append, newest }) => ({
          newest,
          append: (records) =>
            Effect.suspend(() => {
              if (faults.isAway) return Effect.fail(new ArchiveUnavailable({ cause: new Error("simulated") }))
              faults.appended += records.length
              return append(records)
            })
        }))
      })
    )
  )

const gateway = Effect.fnUntraced(function* (
  path: string,
  archive: string,
  given: Parameters<typeof optionsOf>[0] & { readonly masks?: ReadonlyArray<ReadonlyArray<string>> } = {},
  faults?: Faults
) {
  const { masks, ...meta } = given
  const options = { ...optionsOf({ proxyId: "edge-1", ...meta }), archive: { masks } }
  const ports = archiveIn(archive, faults)
  return yield* start(path, AcknowledgesAtOnce.layer, { options, ports, withoutAgent: true })
})

const linesIn = (archive: string) =>
  readdirSync(archive)
    .filter((name) => name.endsWith(".ndjson"))
    .toSorted()
    .flatMap((name) => readFileSync(join(archive, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
const requestsIn = (archive: string) => linesIn(archive).filter(({ kind }) => kind === "request")
const archived = (archive: string, n: number) =>
  eventually(
    Effect.sync(() => requestsIn(archive)),
    (found) => found.length >= n
  )
const countIn = (path: string, type: string) => {
  const db = new DatabaseSync(join(path, "log.db"), { readOnly: true })
  try {
    return db.prepare("SELECT count(*) AS n FROM events WHERE type = ?").get(type)!.n as number
  } finally {
    db.close()
  }
}
const split = (path: string, n: number) =>
  eventually(
    Effect.sync(() => countIn(path, "batch.split.v1")),
    (count) => count >= n
  )
const bodyOf = (id: string, words = "hello") => JSON.stringify(changed({ messages: [message(id, words)] }))

describe("what comes in, archived", () => {
  it.live("is there as it came, once however often it comes, with who took it and when", () =>
    Effect.gen(function* () {
      const [path, archive] = [yield* folder, yield* folder]
      const homing = yield* gateway(path, archive)
      const broken = Buffer.from(bodyOf("B", "caf!"))
      broken[broken.indexOf("!")] = 0xff
      const text = ` ${bodyOf("A")}\n`
      for (const body of [text, text, broken]) assert.strictEqual((yield* post(homing.url, body)).status, 200)
      const [first, second, ...more] = yield* archived(archive, 2)
      assert.deepStrictEqual(more, [])
      assert.deepInclude(first, { v: 1, app: "default", source: "meta", proxy: "edge-1", encoding: "utf8", body: text })
      assert.deepInclude(first.headers, { "x-hub-signature-256": signed(text), "content-type": "application/json" })
      assert.strictEqual(second.encoding, "base64")
      assert.deepStrictEqual(Buffer.from(second.body, "base64"), broken)
      assert.strictEqual(first.bytes, Buffer.byteLength(text))
      assert.match(first.receivedAt, /^20\d\d-.*Z$/)
      assert.notStrictEqual(first.digest, second.digest)
    })
  )

  it.live("is masked where that is asked for, and its digest is of what came", () =>
    Effect.gen(function* () {
      const text = bodyOf("A", "the zanzibar quokka")
      const digests: Array<string> = []
      const path = yield* folder
      for (const masks of [undefined, [["text", "body"], ["from"]]]) {
        const archive = yield* folder
        const one = yield* life
        const homing = yield* one.during(gateway(path, archive, masks === undefined ? {} : { masks }))
        yield* post(homing.url, text)
        yield* post(homing.url, '{"object":"whatsapp_business_account","odd":12345678901234567890,"from":"1"}')
        const [first, second] = yield* archived(archive, 2)
        digests.push(first.digest)
        if (masks !== undefined) {
          assert.notInclude(JSON.stringify(linesIn(archive)), "quokka")
          const [{ changes }] = JSON.parse(first.body).entry
          assert.deepInclude(changes[0].value.messages[0], {
            from: "(masked)",
            text: { body: "(masked)" },
            type: "text"
          })
          assert.deepStrictEqual(first.masked, ["text.body", "from"])
          assert.strictEqual(
            second.body,
            '{"object":"whatsapp_business_account","odd":12345678901234567890,"from":"(masked)"}'
          )
        }
        yield* one.end
        rmSync(join(path, "views.db")) // the other archive knows nothing of it
      }
      assert.strictEqual(digests[0], digests[1])
    })
  )

  it.live("is there once though the database forgot how far it had come, and in no archive of another log", () =>
    Effect.gen(function* () {
      const [path, archive] = [yield* folder, yield* folder]
      for (let n = 0; n < 3; n++) {
        const one = yield* life
        const homing = yield* one.during(gateway(path, archive))
        yield* post(homing.url, bodyOf(String(n)))
        yield* archived(archive, n + 1)
        yield* split(path, n + 1)
        yield* one.end
        for (const name of ["views.db", "views.db-wal", "views.db-shm"]) rmSync(join(path, name), { force: true })
      }
      assert.lengthOf(requestsIn(archive), 3)
      const other = yield* folder
      const faults = { isAway: false, appended: 0 }
      const homing = yield* gateway(other, archive, {}, faults)
      yield* post(homing.url, bodyOf("other"))
      yield* split(other, 1)
      yield* Effect.sleep("1 second")
      assert.deepStrictEqual([faults.appended, requestsIn(archive).length], [0, 3])
    })
  )

  it.live("keeps its bytes until it is archived, and says that somebody should look", () =>
    Effect.gen(function* () {
      const [path, archive] = [yield* folder, yield* folder]
      const faults = { isAway: true, appended: 0 }
      const one = yield* life
      const homing = yield* one.during(gateway(path, archive, { rawDays: 0 }, faults))
      yield* post(homing.url, bodyOf("A"))
      yield* split(path, 1)
      yield* one.end
      const two = yield* life
      const again = yield* two.during(gateway(path, archive, { rawDays: 0 }, faults))
      yield* Effect.sleep("1 second") // what is due is destroyed at once
      assert.strictEqual(countIn(path, "batch.destroyed.v1"), 0)
      const metrics = yield* again.call("GET", "/metrics")
      assert.match(metrics.body.text, /homing_archive_behind_seconds\S* [1-9.]/)
      yield* two.end
      faults.isAway = false
      yield* gateway(path, archive, { rawDays: 0 }, faults)
      const [line] = yield* archived(archive, 1)
      assert.strictEqual(line.body, bodyOf("A"))
    })
  )

  it.live("says to which regions it went, by the routes of its moment, and nothing where none are", () =>
    Effect.gen(function* () {
      const [path, archive] = [yield* folder, yield* folder]
      const faults = { isAway: false, appended: 0 }
      const homing = yield* routed(path, {}, archiveIn(archive, faults))
      const say = (...people: ReadonlyArray<string>) => post(homing.url, JSON.stringify(said(...people)))
      yield* say("551187654321")
      yield* split(path, 1)
      yield* add(homing, "br", { region: "br" })
      const { id } = yield* add(homing, "eu", { region: "eu" })
      yield* add(homing, "all")
      yield* set(homing, { prefixes: { "55": ["br", "all"], "49": ["eu"] }, others: ["all"] })
      yield* archived(archive, 1)
      faults.isAway = true
      yield* say("551187654322", "4915112345678")
      yield* split(path, 2)
      yield* set(homing, { prefixes: { "55": ["eu"] }, others: ["all"] })
      yield* say("551187654323")
      yield* split(path, 3)
      yield* homing.call("PATCH", `/v1/targets/${id}`, { enabled: false })
      yield* say("551187654324")
      yield* split(path, 4)
      faults.isAway = false
      const lines = yield* eventually(
        Effect.sync(() => linesIn(archive)),
        (found) => found.filter(({ kind }) => kind === "routed").length >= 3
      )
      const [, ...requests] = requestsIn(archive)
      assert.deepStrictEqual(
        lines.flatMap(({ id, kind, regions }) => (kind === "routed" ? [[id, ...regions]] : [])),
        [[requests[0].id, "br", "eu"], [requests[1].id, "eu"], [requests[2].id]]
      )
    })
  )

  it.live("is nothing of what is handed on and not kept", () =>
    Effect.gen(function* () {
      const [path, archive] = [yield* folder, yield* folder]
      const faults = { isAway: false, appended: 0 }
      const destinationUrl = Redacted.make("http://127.0.0.1:9/")
      const homing = yield* gateway(path, archive, { destinationUrl, mode: "sync" }, faults)
      assert.strictEqual((yield* post(homing.url, bodyOf("A"))).status, 502)
      yield* Effect.sleep("500 millis")
      assert.deepStrictEqual([faults.appended, linesIn(archive)], [0, []])
    })
  )
})
