import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Blobs } from "#domain/ports/Blobs.ts"
import { SubjectKeys, SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { eventually, folder, type Homing, life } from "./Homing.ts"
import { changed, message, post } from "./MetaFixture.ts"
import { countOf, gateway, text, told } from "./MetaKept.ts"

const person = "60123987651"
const other = "60198761234"

const asked = ({ call }: Pick<Homing, "call">) => call("POST", "/v1/erasures", { phone: `+${person}` })
const done = ({ call }: Pick<Homing, "call">, id: string) =>
  eventually(call("GET", `/v1/erasures/${id}`), ({ body }) => body.state === "done")
const splitInto = (path: string, count: number) =>
  eventually(
    Effect.sync(() => countOf(path, "batch.split.v1")),
    (found) => found === count
  )

describe("an erasure of what Meta told", () => {
  it.live("reaches a request that is not taken apart yet, and says so where raw bytes of others are left", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* gateway(path)
      const first = message("A", "hello", person)
      yield* post(homing.url, text(changed({ messages: [first] })))
      yield* splitInto(path, 1)
      yield* post(homing.url, text(changed({ messages: [first, message("B", "hi", other)] })))
      yield* splitInto(path, 2)
      yield* post(homing.url, text(changed({ messages: [message("C", "not taken apart yet", person)] })))
      const { body: requested } = yield* asked(homing)
      const { body } = yield* done(homing, requested.id)
      assert.strictEqual(body.requests, 2)
      assert.strictEqual(countOf(path, "batch.destroyed.v1"), 2)
      assert.include(JSON.stringify(body.left), '"requests"')
      const all = JSON.stringify(yield* told(homing))
      for (const gone of [person, "not taken apart yet"]) assert.notInclude(all, gone)
      assert.include(all, other)
    })
  )

  it.live("takes a long text for erased, not for damaged, and is not undone by a request that repeats it", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const homing = yield* gateway(path)
      const words = "a very long lavender armadillo"
      const long = message("A", `${words} ${"x".repeat(300_000)}`, person)
      yield* post(homing.url, text(changed({ messages: [long] })))
      const tells = (word: string) => eventually(told(homing), (all) => JSON.stringify(all).includes(word))
      yield* tells(words)
      const { body: requested } = yield* asked(homing)
      assert.deepInclude((yield* done(homing, requested.id)).body, { requests: 1, texts: 1 })
      assert.notInclude(JSON.stringify(yield* told(homing)), words)
      assert.notInclude(homing.lines.join("\n"), "damaged")

      yield* post(homing.url, text(changed({ messages: [long, message("B", "of the other one", other)] })))
      yield* splitInto(path, 2)
      assert.notInclude(JSON.stringify(yield* told(homing)), words)
      // the bytes of the request, which are of the other one as well, and nothing else
      const blobs = new DatabaseSync(join(path, "blobs.db"), { readOnly: true })
      assert.strictEqual(blobs.prepare("SELECT count(*) AS n FROM blobs").get()!.n, 1)
      blobs.close()
    })
  )

  it.live("means the same person however a name is spelt, and nobody by what is no name", () =>
    Effect.gen(function* () {
      const { call } = yield* gateway(yield* folder)
      const look = (who: object) => call("POST", "/v1/erasures/preview", who)
      const spellings = {
        phone: [`+${person}`, `00${person}`, "+60 12-398 7651", "+60 (12) 398.7651", " +60\u00a0123987651 "],
        lid: ["1234567890123", "1234567890123@lid", "1234567890123:7@lid", " 1234567890123 "],
        bsuid: ["US.1587668549511396", " US.1587668549511396\n"]
      }
      for (const [kind, [plain, ...others]] of Object.entries(spellings)) {
        const { body } = yield* look({ [kind]: plain })
        assert.lengthOf(body.names, 1, kind)
        for (const other of others) assert.deepStrictEqual((yield* look({ [kind]: other })).body, body, other)
      }
      const wrong = ["+1234567890123", "123@s.whatsapp.net", "somebody", "１２３", " "]
      for (const lid of wrong) {
        const { body, status } = yield* look({ lid })
        assert.deepInclude({ status, code: body.code }, { status: 422, code: "invalid_request" }, lid)
      }
    })
  )

  it.live("is carried out by whoever starts next, when a process ended in its midst", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const begun = yield* life
      const keys = Layer.effect(
        SubjectKeys,
        Effect.map(SubjectKeys, (real) => ({
          ...real,
          destroy: () => Effect.fail(new SubjectKeysUnavailable({ cause: new Error("away") }))
        }))
      )
      const both = Layer.merge(keys, Layer.effect(Blobs, Blobs)) as unknown as Layer.Layer<never, never, Blobs>
      const homing = yield* begun.during(gateway(path, {}, both))
      yield* post(homing.url, text(changed({ messages: [message("A", "hello", person)] })))
      yield* splitInto(path, 1)
      const { body: requested } = yield* asked(homing)
      const { body: running } = yield* eventually(
        homing.call("GET", `/v1/erasures/${requested.id}`),
        ({ body }) => body.state === "running"
      )
      assert.deepInclude(running, { keys: 1, requests: 1, left: [], doneAt: null })
      yield* begun.end

      const next = yield* gateway(path)
      const { body } = yield* done(next, requested.id)
      assert.deepInclude(body, { keys: 1, requests: 1 })
      assert.notInclude(JSON.stringify(yield* told(next)), person)
      // what is done is not done again to whoever writes afterwards
      yield* post(next.url, text(changed({ messages: [message("D", "it is me", person)] })))
      yield* eventually(told(next), (all) => JSON.stringify(all).includes("it is me"))
      assert.strictEqual(countOf(path, "erasure.done.v1"), 1)
    })
  )
})
