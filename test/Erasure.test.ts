import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { done, heard, inFolder, inText, isWhole, own, person, shown, words } from "./ErasureScene.ts"
import { eventually, folder, type Homing, text } from "./Homing.ts"
import { changed, message, post, secret } from "./MetaFixture.ts"
import { homing, scan, simulator, started } from "./Process.ts"

const other = "60198761234"
const ofTheOther = "the unharmed ocelot stays"

it.live(
  "a person who is erased is shown nowhere and stands in no file, whatever begins again; proofs still verify",
  () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const data = join(cwd, "data")
      const whatsapp = yield* simulator(cwd)
      const env = { DATA_DIR: "data", WHATSAPP_URL: whatsapp.url, META_APP_SECRET: secret }
      const first = yield* started({ cwd, env })
      const { body: named } = yield* first.call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
      const device: string = named.id
      yield* scan(first, whatsapp, device, own)
      const send = (to: string, said: string, gateway: Pick<Homing, "call"> = first) =>
        gateway.call(
          "POST",
          "/v1/messages",
          { ...text(device, said), to: `+${to}` },
          { "idempotency-key": `${to} ${said}`.replaceAll(" ", "-") }
        )

      const sent = yield* send(person, words.sent)
      assert.strictEqual(sent.body.status, "sent")
      yield* send(other, ofTheOther)
      yield* heard(whatsapp, first.url)
      yield* post(first.url, JSON.stringify(changed({ messages: [message("D", ofTheOther, other)] })))
      const before = yield* eventually(shown(first), isWhole)
      assert.isAbove(before.split(ofTheOther).length, 2)

      /** What an auditor finds of the message that was sent, with nothing but an export. */
      const proven = Effect.gen(function* () {
        const env = { API_KEY: first.key }
        const exported = yield* homing(["evidence", "export", "--url", first.url, sent.body.id], { cwd, env })
        assert.strictEqual((yield* exported.ended).code, 0)
        assert.deepStrictEqual(inText("an export", exported.stdout()), [])
        writeFileSync(join(cwd, "evidence.json"), exported.stdout())
        const verified = yield* homing(["evidence", "verify", "evidence.json", "--json"], { cwd })
        assert.strictEqual((yield* verified.ended).code, 4)
        const { events } = JSON.parse(verified.stdout()) as { readonly events: ReadonlyArray<object> }
        return events.slice(0, 3)
      })
      yield* eventually(first.call("GET", `/v1/messages/${sent.body.id}`), ({ body }) => body.status === "read")
      const signedBefore = yield* proven
      assert.include(JSON.stringify(signedBefore), '"finding":"signed"')

      // nothing is destroyed by looking
      const look = first.call("POST", "/v1/erasures/preview", { phone: `+${person}` })
      const preview = yield* eventually(look, ({ body }) => body.requests === 3)
      assert.deepInclude(preview.body, { texts: 1 })
      assert.isAtLeast(preview.body.names.length, 2)
      assert.deepStrictEqual((yield* first.call("GET", "/v1/erasures")).body, { items: [], next: null })

      const asked = { "idempotency-key": "forget" }
      const { body: requested, status } = yield* first.call("POST", "/v1/erasures", { phone: `+${person}` }, asked)
      assert.strictEqual(status, 202)
      const { body: erased } = yield* done(first, requested.id)
      assert.deepInclude(erased, {
        cause: "asked",
        names: preview.body.names,
        requests: 3,
        texts: 1,
        keys: preview.body.keys
      })
      assert.strictEqual(erased.by.kind, "api_key")
      const { body: written } = yield* first.call("GET", "/v1/access-log")
      assert.include(
        written.items.map(({ type }: { readonly type: string }) => type),
        "access.erased"
      )
      assert.deepStrictEqual(
        erased.left.map(({ place }: { readonly place: string }) => place),
        ["agents", "requests", "receivers", "others", "backups"]
      )
      const again = yield* first.call("POST", "/v1/erasures", { phone: `+${person}` }, asked)
      assert.strictEqual(again.body.id, erased.id)
      const listed = yield* eventually(first.call("GET", "/v1/erasures"), ({ body }) => body.items[0]?.state === "done")
      assert.deepStrictEqual(listed.body.items, [erased])

      const findings = (yield* shown(first)).concat(JSON.stringify((yield* first.call("GET", "/metrics")).body))
      assert.deepStrictEqual(inText("an answer", findings), [])
      assert.include(findings, ofTheOther)

      // of the bytes of the request of the other one nothing was lost
      const blobs = new DatabaseSync(join(data, "blobs.db"), { readOnly: true })
      assert.strictEqual(blobs.prepare("SELECT count(*) AS n FROM blobs").get()!.n, 1)
      blobs.close()
      const keys = new DatabaseSync(join(data, "subject-keys.db"), { readOnly: true })
      const left = keys
        .prepare("SELECT subject FROM keys")
        .all()
        .map(({ subject }) => subject)
      keys.close()
      for (const name of erased.names) assert.notInclude(left, name)

      // what was signed still holds
      assert.deepStrictEqual(yield* proven, signedBefore)
      yield* first.process.end("SIGTERM")

      // all that is made of the log is made anew
      for (const end of ["", "-wal", "-shm"]) rmSync(join(data, `views.db${end}`), { force: true })
      const second = yield* started({ cwd, env }, first.key)
      const later = yield* eventually(shown(second), (all) => all.includes(ofTheOther))
      assert.deepStrictEqual(inText("an answer", later), [])
      assert.deepStrictEqual((yield* second.call("GET", `/v1/erasures/${erased.id}`)).body, erased)
      // whoever writes again is heard again
      yield* whatsapp.control("incoming", { from: person, to: own, text: "hello again" })
      yield* eventually(shown(second), (all) => all.includes("hello again") && all.includes(person))

      const erase = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
        const env = { API_KEY: first.key, NO_COLOR: "1" }
        const process = yield* homing(["erase", "--url", second.url, ...args], { cwd, env })
        const { code } = yield* process.ended
        return { code, out: process.stdout(), err: process.stderr() }
      })
      const unsure = yield* erase(`+${person}`)
      assert.deepStrictEqual([unsure.code, unsure.out], [1, ""])
      assert.match(unsure.err, /cannot be undone: say --yes, or --dry-run/)
      const looked = yield* erase("--dry-run", `+${person}`)
      assert.deepStrictEqual(looked, {
        code: 0,
        out: "would destroy 1 data keys, the raw bytes of 0 requests, 0 long texts\n",
        err: ""
      })
      yield* eventually(shown(second), (all) => all.includes("hello again"))
      const national = yield* erase("--yes", "0123456789")
      assert.deepStrictEqual([national.code, national.out], [1, ""])
      const told = yield* erase("--yes", `+${person}`)
      assert.match(told.out, /^erasure \S+\nerased {2}1 data keys, .*\n {2}left: the ledgers of agents/)
      assert.notInclude(yield* shown(second), "hello again")
      yield* second.process.end("SIGTERM")
      assert.deepStrictEqual(inFolder(data).findings, [])
      for (const { process } of [first, second]) {
        assert.deepStrictEqual(inText("a log", process.stdout() + process.stderr()), [])
      }
    })
)
