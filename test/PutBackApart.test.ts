import { execFile } from "node:child_process"
import { basename, join } from "node:path"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"
import { Array, Effect } from "effect"
import { eventStoreDouble } from "#infra/event-store/double/testing/DoubleFixture.ts"
import { eventually, text } from "./Homing.ts"
import { grow, headOf, keptLog } from "./KeptLog.ts"
import { homing, scan, started } from "./Process.ts"
import * as Split from "./Split.ts"
import { describeWith, programOf } from "./servers/Installed.ts"

const phone = "15550100001"
const run = promisify(execFile)

/** Servers, an agent with its linked device, and as many gateways as are begun. */
const deployed = Effect.gen(function* () {
  const bones = yield* Split.backbones
  const { agent, device, gateway: first } = yield* Split.connected(bones)
  yield* scan(first, bones.whatsapp, device, phone)
  const begin = (more: Readonly<Record<string, string>> = {}) => {
    const env = { ...bones.env, LOG_LEVEL: "error", ...more }
    return Split.gateway({ ...bones, env }, "gateway", first.key)
  }
  const send = ({ call }: Split.Gateway, key: string) =>
    call("POST", "/v1/messages", text(device, key), { "idempotency-key": key })
  const sent = (gateway: Split.Gateway, key: string) => eventually(send(gateway, key), ({ body }) => isSent(body))
  /** A command of the operator's, or a start that is refused. */
  const operator = Effect.fnUntraced(function* (
    args: ReadonlyArray<string>,
    more: Readonly<Record<string, string>> = {}
  ) {
    const env = { DATA_DIR: "gateway", PORT: "0", API_KEY: first.key, LOG_LEVEL: "error", ...bones.env, ...more }
    const process = yield* homing(args, { cwd: bones.cwd, env })
    const { code } = yield* process.ended
    return { code, said: process.stderr().trim() }
  })
  /** How often WhatsApp has seen each text. */
  const seen = Effect.map(
    bones.whatsapp.control("messages"),
    (all: ReadonlyArray<{ readonly idsWithSameText: number }>) => all.map(({ idsWithSameText }) => idsWithSameText)
  )
  return {
    ...bones,
    agent,
    begin,
    device,
    first,
    log: keptLog(bones.cwd, bones.eventStore),
    operator,
    seen,
    send,
    sent
  }
})

const isGone = ({ body, status }: { readonly body: { readonly code?: string }; readonly status: number }) =>
  status === 503 && body.code === "store_unavailable"
/** Or further: phones read by themselves. */
const isSent = ({ status }: { readonly status?: string }) => ["sent", "delivered", "read"].includes(status ?? "")
const isReady = ({ call }: Split.Gateway) => eventually(call("GET", "/health/ready"), ({ status }) => status === 200)
const other =
  /^homing: the log is not the one of its views: at \d+ they have read the event [\w-]{36}, and there stands /
const older = /^homing: the log is older than [a-z ]+: it ends at \d+, and they have come to \d+\. .*raise-epoch/

describeWith("PostgreSQL", "another log than was read, on the backbones", () => {
  it.live(
    "under two gateways, an older one that has grown: neither takes anything, no start goes on, and whole it goes on",
    () =>
      Effect.gen(function* () {
        const { begin, cwd, first, log, operator, seen, send, sent, whatsapp } = yield* deployed
        const second = yield* begin()
        yield* sent(second, "before")
        yield* log.keep("copy")
        for (const key of ["forgotten-1", "forgotten-2"]) yield* sent(first, key)
        yield* isReady(second)
        const copy = join(cwd, "copy", basename(log.live))
        grow(copy, log.step)
        yield* log.exchange("whole", "copy")
        for (const gateway of [first, second]) {
          yield* eventually(gateway.call("GET", "/health/ready"), isGone)
          assert.isTrue(isGone(yield* send(gateway, "new")))
        }
        const { waMessageId } = yield* whatsapp.control("incoming", { from: "15550100002", to: phone, text: "hello" })
        for (const { process } of [first, second]) yield* process.end("SIGTERM")
        assert.strictEqual(headOf(log.live), headOf(copy))
        const { code, said } = yield* operator(["start"])
        assert.strictEqual(code, 1)
        assert.match(said, other)

        yield* log.putBack("whole")
        const again = yield* begin()
        yield* eventually(again.call("GET", "/v1/inbound"), ({ body }) =>
          JSON.stringify(body).includes(waMessageId as string)
        )
        yield* sent(again, "after")
        assert.deepStrictEqual(
          yield* seen,
          Array.makeBy(4, () => 1)
        )
      })
  )

  it.live("an older one before the start: refused, and gone on from as the operator is told, nothing sent twice", () =>
    Effect.gen(function* () {
      const all = yield* deployed
      const { agent, begin, cwd, database, env, first, log, nats, operator, seen, send, sent } = all
      yield* sent(first, "before")
      yield* log.keep("copy")
      const dump = ["--format=custom", "--table=*subject_keys*", "--file=keys.dump", env.DATABASE_URL]
      yield* Effect.promise(() => run(programOf("pg_dump")!, dump, { cwd }))
      yield* sent(first, "forgotten")
      yield* first.process.end("SIGTERM")
      yield* log.putBack("copy")
      const refused = yield* operator(["start"])
      assert.strictEqual(refused.code, 1)
      assert.match(refused.said, older)

      const own = { DATABASE_URL: yield* database.database }
      const restore = ["--exit-on-error", "--no-owner", `--dbname=${own.DATABASE_URL}`, "keys.dump"]
      yield* Effect.promise(() => run(programOf("pg_restore")!, restore, { cwd }))
      yield* nats.wipeStore
      yield* nats.restart
      assert.deepStrictEqual(yield* operator(["store", "raise-epoch"], own), { code: 0, said: "" })
      const again = yield* begin(own)
      const early = { ...text(all.device, "early", { until: "sent", timeoutMs: 2_000 }) }
      const { body } = yield* again.call("POST", "/v1/messages", early, { "idempotency-key": "early" })
      assert.strictEqual(body.status, "queued")
      yield* agent.end("SIGTERM")
      yield* Split.enrol({ ...all, env: { ...env, ...own } }, again)
      yield* Split.agent(all)
      yield* sent(again, "trusted")
      assert.isTrue(isSent((yield* send(again, "before")).body))
      yield* again.process.end("SIGTERM")
      const next = yield* begin(own) // issues again what was refused
      yield* eventually(next.call("GET", `/v1/messages/${body.id}`), ({ body }) => isSent(body))
      assert.deepStrictEqual(
        yield* seen,
        Array.makeBy(4, () => 1)
      )

      yield* next.process.end("SIGTERM")
      const passed = yield* operator(["start"]) // on the database that has read what was forgotten
      assert.strictEqual(passed.code, 1)
      assert.match(passed.said, other)
    })
  )

  it.live("somebody else's: refused while it runs, and at the next start", () =>
    Effect.gen(function* () {
      const { cwd, first, log, operator, send, sent } = yield* deployed
      yield* sent(first, "before")
      const stranger = yield* eventStoreDouble
      const env = { DATA_DIR: "stranger", WHATSAPP_URL: "ws://127.0.0.1:9/", EVENTSTORE_URL: stranger.url }
      const theirs = yield* started({ cwd, env })
      yield* isReady({ ...theirs })
      yield* theirs.process.end("SIGTERM")
      yield* keptLog(cwd, stranger).keep("strange")
      yield* log.exchange("whole", "strange")
      yield* eventually(first.call("GET", "/health/ready"), isGone)
      const { body, status } = yield* send(first, "new")
      assert.deepStrictEqual([status, body.code], [503, "store_unavailable"])
      yield* first.process.end("SIGTERM")
      const { code, said } = yield* operator(["start"])
      assert.strictEqual(code, 1)
      assert.match(said, /^homing: .*log/)
    })
  )

  it.live("an older database under the log: what is behind is read again, and nothing is sent twice", () =>
    Effect.gen(function* () {
      const { begin, cwd, database, env, first, seen, sent } = yield* deployed
      yield* sent(first, "before")
      const own = { DATABASE_URL: yield* database.database }
      yield* Effect.promise(() =>
        run(programOf("pg_dump")!, ["--format=custom", "--file=all.dump", env.DATABASE_URL], { cwd })
      )
      yield* sent(first, "after-the-copy")
      yield* first.process.end("SIGTERM")
      const restore = ["--exit-on-error", "--no-owner", `--dbname=${own.DATABASE_URL}`, "all.dump"]
      yield* Effect.promise(() => run(programOf("pg_restore")!, restore, { cwd }))
      const again = yield* begin(own)
      yield* sent(again, "later")
      yield* eventually(
        again.call("GET", "/v1/messages"),
        ({ body }) => body.items?.length === 3 && body.items.every(isSent)
      )
      assert.deepStrictEqual(
        yield* seen,
        Array.makeBy(3, () => 1)
      )
    })
  )
})
