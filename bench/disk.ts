import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Clock, Effect, Layer } from "effect"
import { fromMillis } from "#domain/Instant.ts"
import * as Instant from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import * as Log from "#services/telemetry/Log.ts"
import { listening, optionsOf, together } from "#services/testing/Composition.ts"

/**
 * `node bench/disk.ts [MESSAGES [FOLDER]]`: what messages cost on disk that were accepted, acknowledged, delivered and read,
 * by file, table, index and column. FOLDER is kept.
 */
const [messages = "20000", kept] = process.argv.slice(2)
const count = Number(messages)
const apiKey = "benchmark-key-of-this-run"
const connections = 32
const recipients = 1_000
const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" }

const receipts = ["delivered", "read"] as const
const whatsapp: ReturnType<typeof Instant.make> = Instant.make({
  outcome: ({ device, waMessageId }) =>
    Effect.gen(function* () {
      const at = fromMillis(yield* Clock.currentTimeMillis)
      for (const kind of receipts) yield* whatsapp.tell({ _tag: "Receipt", device, waMessageId, kind, at })
      return { _tag: "Acked", at }
    })
})

const send = async (url: string, device: string, n: number): Promise<void> => {
  const body = {
    device,
    to: `+60123${100_000 + (n % recipients)}`,
    content: { type: "text", text: "Your parcel is on its way and arrives before noon." }
  }
  const named = { ...headers, "idempotency-key": `order-${n}` }
  const answer = await fetch(`${url}/v1/messages`, { method: "POST", headers: named, body: JSON.stringify(body) })
  await answer.text()
  if (answer.status !== 201) throw new Error(`the load met other answers than 201: ${answer.status}`)
}

const get = async <A>(url: string): Promise<A> => (await (await fetch(url, { headers })).json()) as A
const until = async <A>(ask: () => Promise<A>, holds: (answer: A) => boolean) => {
  for (;;) {
    if (holds(await ask())) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const traffic = async (url: string) => {
  const name = JSON.stringify({ name: "bench", pairing: "qr" })
  const created = await fetch(`${url}/v1/devices`, { method: "POST", headers, body: name })
  const { id: device } = (await created.json()) as { readonly id: string }
  await until(
    () => get<{ state: string }>(`${url}/v1/devices/${device}`),
    ({ state }) => state === "connected"
  )
  let next = 0
  const lane = async () => {
    while (next < count) await send(url, device, next++)
  }
  await Promise.all(Array.from({ length: connections }, lane))
  for (const before of ["sent", "delivered"]) {
    await until(
      () => get<{ items: ReadonlyArray<unknown> }>(`${url}/v1/messages?status=${before}&limit=1`),
      ({ items }) => items.length === 0
    )
  }
}

/** In force as they are installed, and too high to be met. */
const rate = 1e9
const options = optionsOf(apiKey, {
  http: {
    host: "127.0.0.1",
    port: 0,
    phoneCountryCode: undefined,
    drainTimeoutMs: 1_000,
    rateLimits: { messages: rate, devices: rate, device: rate, address: rate, total: rate }
  }
})

const files = ["log.db", "views.db", "ledger.db", "subject-keys.db"]
const perMessage = (bytes: number) => Number((bytes / count).toFixed(1))

/** Pages by table and index, and what stands in the columns of each table. */
const contents = (file: string) => {
  const db = new DatabaseSync(file)
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
  const parts = db.prepare("SELECT name, sum(pgsize) AS pages, sum(payload) AS payload FROM dbstat GROUP BY name").all()
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all()
  const columns = tables.flatMap(({ name: table }) =>
    db
      .prepare("SELECT name FROM pragma_table_info(?)")
      .all(table!)
      .map(({ name }) => {
        const { bytes } = db.prepare(`SELECT sum(octet_length("${name}")) AS bytes FROM "${table}"`).get()!
        return { part: `${table}.${name}`, bytes: perMessage(Number(bytes)) }
      })
  )
  db.close()
  return {
    total: perMessage(statSync(file).size),
    parts: parts.map(({ name, pages, payload }) => ({
      part: name,
      pages: perMessage(Number(pages)),
      payload: perMessage(Number(payload))
    })),
    columns
  }
}

const folder = kept ?? mkdtempSync(join(tmpdir(), "homing-disk-"))
const product = together(folder, options, whatsapp.layer).pipe(Layer.provide(Log.layer({ level: "error" })))

Effect.gen(function* () {
  yield* Effect.scoped(Effect.flatMap(listening(product), ({ url }) => Effect.promise(() => traffic(url))))
  for (const file of files) {
    const { columns, parts, total } = contents(join(folder, file))
    console.log(`${file}: ${total} bytes a message`)
    console.table(parts.filter(({ pages }) => pages >= 1))
    console.table(columns.filter(({ bytes }) => bytes >= 1))
  }
  if (kept === undefined) rmSync(folder, { recursive: true, force: true })
}).pipe(NodeRuntime.runMain())
