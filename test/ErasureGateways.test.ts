import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { done, heard, inFolder, inText, isWhole, own, person, shown, words } from "./ErasureScene.ts"
import { eventually, text } from "./Homing.ts"
import { secret } from "./MetaFixture.ts"
import { scan } from "./Process.ts"
import * as Split from "./Split.ts"
import { describeWith, programOf } from "./servers/Installed.ts"

const run = promisify(execFile)
const apiKey = "a-key-for-all-gateways"

/** Every table of a database, as text. */
const dumped = (url: string) =>
  Effect.promise(async () => {
    const { stdout } = await run(programOf("pg_dump")!, [url], { maxBuffer: 64 * 1_024 * 1_024 })
    return stdout
  })

const rowsOf = (dump: string, table: string) => {
  const [, rows] = new RegExp(`COPY public\\.${table} .*;\\n([\\s\\S]*?)\\\\\\.\\n`).exec(dump)!
  return rows!
}

describeWith("PostgreSQL", "a person who is erased at one of several gateways", () => {
  it.live("is shown at no other, running or begun anew, and stands in no table, file or stream", () =>
    Effect.gen(function* () {
      const whole = yield* Split.backbones
      const bones = { ...whole, env: { ...whole.env, API_KEY: apiKey, META_APP_SECRET: secret } }
      const one = yield* Split.gateway(bones, "gateway", apiKey)
      yield* Split.enrol(bones, one)
      yield* Split.agent(bones)
      const { body: named } = yield* one.call("POST", "/v1/devices", { name: "phone", pairing: "qr" })
      yield* scan(one, bones.whatsapp, named.id, own)
      const two = yield* Split.gateway(bones, "gateway", apiKey)

      const asked = { ...text(named.id, words.sent), to: `+${person}` }
      const sent = yield* one.call("POST", "/v1/messages", asked, { "idempotency-key": "one" })
      assert.strictEqual(sent.body.status, "sent")
      yield* heard(bones.whatsapp, two.url)
      /** Also whoever has just opened every box, and remembers its key. */
      for (const gateway of [one, two]) yield* eventually(shown(gateway), isWhole)

      const { body: preview } = yield* eventually(
        one.call("POST", "/v1/erasures/preview", { phone: `+${person}` }),
        ({ body }) => body.requests === 3 && body.texts === 1
      )
      // what is missed afterwards is found where it is looked for
      const before = yield* dumped(bones.env.DATABASE_URL)
      assert.isAtLeast(preview.names.length, 2)
      const keyed = preview.names.filter((name: string) => rowsOf(before, "subject_keys").includes(name))
      assert.isNotEmpty(keyed)
      assert.lengthOf(rowsOf(before, "blobs").trimEnd().split("\n"), 4)
      const { body: requested } = yield* one.call("POST", "/v1/erasures", { phone: `+${person}` })
      const path = `/v1/erasures/${requested.id}`
      const { body: erased } = yield* done(one, requested.id)
      assert.deepInclude(erased, { requests: 3, texts: 1 })
      assert.deepStrictEqual(
        erased.left.map(({ place }: { readonly place: string }) => place),
        ["agents", "events", "receivers", "others", "backups"]
      )
      for (const gateway of [one, two]) {
        yield* eventually(shown(gateway), (all) => inText("an answer", all).length === 0)
      }
      yield* two.process.end("SIGKILL")
      const again = yield* Split.gateway(bones, "gateway", apiKey)
      assert.deepStrictEqual(inText("an answer", yield* shown(again)), [])
      assert.deepStrictEqual((yield* again.call("GET", path)).body, erased)

      // the words are not there, and neither is what opens them
      const after = yield* dumped(bones.env.DATABASE_URL)
      assert.deepStrictEqual(inText("PostgreSQL", after), [])
      assert.isNotEmpty(rowsOf(after, "subject_keys"))
      for (const name of erased.names) assert.notInclude(rowsOf(after, "subject_keys"), name)
      assert.strictEqual(rowsOf(after, "blobs"), "")
      for (const folder of [bones.cwd, bones.nats.directory, bones.eventStore.directory]) {
        const { files, findings } = inFolder(folder)
        assert.isNotEmpty(files)
        assert.deepStrictEqual(findings, [])
      }
    })
  )
})
