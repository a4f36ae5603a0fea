import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually, folder } from "./Homing.ts"
import { scan, simulator, started } from "./Process.ts"

const account = "15550100001"
const contacts = ["15550100002", "15550100003", "15550100004"]

/** Of each text the contact's number, in the order in which the log has them, and how often each id stands there. */
const heardIn = (path: string) => {
  const log = new DatabaseSync(join(path, "log.db"), { readOnly: true })
  const facts = log
    .prepare("SELECT data FROM events WHERE type = 'inbound.received.v1' ORDER BY position")
    .all()
    .map(({ data }) => JSON.parse(data as string) as { readonly waMessageId: string })
  log.close()
  return facts.map(({ waMessageId }) => waMessageId)
}

/** Of each chat what was sent, beside what the log has. */
const judged = (chats: ReadonlyArray<ReadonlyArray<string>>, heard: ReadonlyArray<string>) => {
  const sent = new Set(chats.flat())
  const known = new Set(heard)
  const ordered = (ids: ReadonlyArray<string>) => heard.filter((id, i) => ids.includes(id) && heard.indexOf(id) === i)
  return {
    facts: sent.size,
    lost: [...sent].filter((id) => !known.has(id)).length,
    doubled: heard.length - known.size,
    strange: [...known].filter((id) => !sent.has(id)).length,
    outOfOrder: chats.filter((ids) => ordered(ids).join() !== ids.filter((id) => known.has(id)).join()).length
  }
}

it.live("what contacts write while it is killed again and again is recorded once, in the order of each chat", () =>
  Effect.gen(function* () {
    const cwd = yield* folder
    const whatsapp = yield* simulator(cwd)
    const { control, url } = whatsapp
    const env = { DATA_DIR: "data", WHATSAPP_URL: url, API_KEY: "a key for these tests" }
    const begin = started({ cwd, env }, env.API_KEY)
    const first = yield* begin
    const { body } = yield* eventually(first.call("GET", "/v1/devices"), ({ body }) => body.items?.length === 1)
    yield* scan(first, whatsapp, body.items[0].id, account)
    const sent = new Map(contacts.map((contact) => [contact, [] as Array<string>]))
    let running = first
    const logins = Effect.map(control("counts"), (counts) => Number(counts.login ?? 0))
    for (let round = 0; round < 4; round++) {
      for (let n = 0; n < 25; n++) {
        for (const from of contacts) {
          const { waMessageId } = yield* control("incoming", { from, to: account, text: `${round} ${n}` })
          sent.get(from)!.push(waMessageId as string)
        }
        if (n === 5 + round * 2) yield* running.process.end("SIGKILL")
      }
      const before = yield* logins
      running = yield* begin
      yield* eventually(logins, (count) => count > before)
    }
    const chats = [...sent.values()]
    const judge = Effect.sync(() => judged(chats, heardIn(join(cwd, "data"))))
    const verdict = yield* eventually(judge, ({ lost }) => lost === 0)
    assert.deepStrictEqual(verdict, { facts: 300, lost: 0, doubled: 0, strange: 0, outOfOrder: 0 })
  })
)
