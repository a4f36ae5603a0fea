/**
 * A service that reads Homing's events off NATS: each once, in the log's order, whatever is restarted. Its own record is a
 * file here; a database with a unique column for `id` is the same. Needs the package `nats`, 2.29 or later.
 *
 *   NATS_URL=nats://127.0.0.1:4222 CONSUMER=billing NKEY_SEED=SU… node consumer.ts taken.jsonl
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { connect, nkeyAuthenticator } from "nats"

/** A CloudEvent 1.0. What `data` is, `events.schema.json` says for each `type`. */
export interface HomingEvent {
  readonly specversion: "1.0"
  readonly id: string
  readonly source: string
  readonly type: string
  readonly time: string
  readonly subject: string
  /** An `after` for `GET /v1/events`: for what is older than the stream keeps. */
  readonly cursor: string
  readonly data: Readonly<Record<string, unknown>>
}

const [file = "taken.jsonl"] = process.argv.slice(2)
const { CONSUMER: consumer = "billing", NATS_URL: servers = "nats://127.0.0.1:4222", NKEY_SEED: seed } = process.env

/** What was taken before. A last line that a crash has cut short was not. */
const taken = new Set<string>()
const written = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
const whole = written.subarray(0, written.lastIndexOf("\n") + 1)
for (const line of whole.toString().split("\n")) if (line !== "") taken.add(JSON.parse(line).id)
if (whole.length < written.length) truncateSync(file, whole.length)
const record = openSync(file, "a")

/**
 * Durably, before it is acknowledged: what is not acknowledged comes again, and nothing behind it comes before. Of whatever
 * type: what is acknowledged and not kept is lost to whoever learns of that type later.
 */
const take = (event: HomingEvent) => {
  if (taken.has(event.id)) return
  writeSync(record, `${JSON.stringify(event)}\n`)
  fsyncSync(record)
  taken.add(event.id)
}

const nc = await connect({
  servers,
  maxReconnectAttempts: -1,
  waitOnFirstConnect: true,
  inboxPrefix: `_INBOX_consumer_${consumer}`, // the only place where its user may listen
  ...(seed !== undefined && { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) })
})

let isOver = false
const end = () => {
  isOver = true
  void nc.drain()
}
process.on("SIGTERM", end).on("SIGINT", end)

while (!isOver) {
  try {
    // the gateway makes it, and makes it again with a stream that was lost
    const events = await nc.jetstream().consumers.get("EVENTS", consumer)
    for await (const message of await events.fetch({ max_messages: 500, expires: 3_000 })) {
      take(message.json<HomingEvent>())
      await message.ackAck()
    }
  } catch {
    await setTimeout(500)
  }
}
closeSync(record)
