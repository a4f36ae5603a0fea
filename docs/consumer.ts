/**
 * A service that reads Homing's events off NATS: each once, in the log's order, whatever is restarted. Its own record is a
 * file here; a database with a unique column for `id` is the same. Needs the package `nats`, 2.29 or later. With a sealing
 * key it has numbers, names and texts as well, and may do without.
 *
 *   NATS_URL=nats://127.0.0.1:4222 CONSUMER=billing NKEY_SEED=SU… SEALING_KEY=billing-1.jwk node consumer.ts taken.jsonl
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { connect, nkeyAuthenticator } from "nats"
import { opened } from "./opening.ts"

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
  /** The whole of `data` for whoever holds a key to it: compact JWEs, one for each key, with spaces between them. */
  readonly sealed?: string
  /** `data` has more, which was too long to be sealed: ask for it by its `id`. */
  readonly omitted?: "too_large"
}

const [file = "taken.jsonl"] = process.argv.slice(2)
const { CONSUMER: consumer = "billing", NATS_URL: servers = "nats://127.0.0.1:4222", NKEY_SEED: seed } = process.env
const { SEALING_KEY: keyFile } = process.env
const key = keyFile === undefined ? undefined : JSON.parse(readFileSync(keyFile, "utf8"))

/** What was taken before. A last line that a crash has cut short was not. */
const taken = new Set<string>()
const written = existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
const intact = written.subarray(0, written.lastIndexOf("\n") + 1)
for (const line of intact.toString().split("\n")) if (line !== "") taken.add(JSON.parse(line).id)
if (intact.length < written.length) truncateSync(file, intact.length)
const record = openSync(file, "a")

/** With all of `data`; as it came where that is sealed for others, or does not open: nothing behind it has to wait for that. */
const whole = (event: HomingEvent): HomingEvent => {
  const { sealed, ...rest } = event
  if (key === undefined || sealed === undefined) return event
  try {
    const data = opened(event.id, sealed, key)
    return data === undefined ? event : { ...rest, data }
  } catch (error) {
    process.stderr.write(`${event.id} does not open: ${error}\n`)
    return event
  }
}

/**
 * Durably, before it is acknowledged: what is not acknowledged comes again, and nothing behind it comes before. Of whatever
 * type: what is acknowledged and not kept is lost to whoever learns of that type later.
 */
const take = (event: HomingEvent) => {
  if (taken.has(event.id)) return
  writeSync(record, `${JSON.stringify(whole(event))}\n`)
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
