import { createInterface } from "node:readline/promises"
import { Effect, Schedule, Schema } from "effect"
import { PeerId } from "#domain/Ids.ts"
import type { Person } from "../api/ErasuresApi.ts"
import { NotAsked } from "./AgentsCommand.ts"
import type * as Client from "./Client.ts"
import { bad, faint, good, say, strong } from "./Terminal.ts"

/** Nothing was destroyed. */
export class NotConfirmed extends Schema.TaggedError<NotConfirmed>()("NotConfirmed", {}) {
  override get message() {
    return "nothing was erased"
  }
}

const isPeerId = Schema.is(PeerId)

/** By what it looks like: a contact's id, Meta's or WhatsApp's name of a person, or a number. */
const personIn = (name: string): typeof Person.Type | undefined => {
  if (isPeerId(name)) return { contact: name }
  if (/^\d+@lid$/.test(name)) return { lid: name }
  if (/^[A-Z]{2}\.\w+$/.test(name)) return { bsuid: name }
  return /^(\+|00)[\d ()./-]+$/.test(name) ? { phone: name } : undefined
}

interface Counted {
  readonly keys: number
  readonly requests: number
  readonly texts: number
}
const inWords = ({ keys, requests, texts }: Counted) =>
  `${keys} data keys, the raw bytes of ${requests} requests, ${texts} long texts`

interface Left {
  readonly place: string
  readonly until?: string
}
const explained: Readonly<Record<string, string>> = {
  agents: "the ledgers of agents, encrypted, and the sessions of devices",
  events: "events on NATS",
  archive: "the archive",
  requests: "raw bytes of other requests, which may repeat what the person said, for META_RAW_RETENTION_DAYS",
  receivers: "whatever endpoints, targets and readers of events keep",
  others: "what others said of the person, and accounts to groups",
  backups: "backups of databases and folders"
}
const lineOf = ({ place, until }: Left) =>
  `  left: ${explained[place] ?? place}${until === undefined ? "" : faint(`  until ${until}`)}`

const confirmed = (question: string) =>
  Effect.promise(async () => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    try {
      return (await terminal.question(`${question} Type yes: `)).trim() === "yes"
    } finally {
      terminal.close()
    }
  })

interface Wanted {
  readonly name: string
  readonly dryRun: boolean
  /** Nobody is asked. */
  readonly yes: boolean
  readonly json: boolean
}

/** Erases a person and waits until it is done. On a terminal somebody has to confirm it, elsewhere `yes` has to be said. */
export const erase = Effect.fnUntraced(function* (ask: Client.Ask, { dryRun, json, name, yes }: Wanted) {
  const payload = personIn(name)
  if (payload === undefined) {
    return yield* new NotAsked({ message: "write a number with + and its country code, a contact's id, US.… or …@lid" })
  }
  const found = yield* ask(({ erasures }) => erasures.preview({ payload }))
  if (dryRun) return say(json ? JSON.stringify(found) : `would destroy ${inWords(found)}`)
  if (!yes) {
    if (!process.stdin.isTTY) return yield* new NotAsked({ message: "it cannot be undone: say --yes, or --dry-run" })
    const sure = yield* confirmed(`This destroys ${inWords(found)}, for good.`)
    if (!sure) return yield* new NotConfirmed()
  }
  const { body: asked } = yield* ask(({ erasures }) => erasures.create({ headers: {}, payload }))
  if (!json) say(faint(`erasure ${asked.id}`))
  const done = yield* ask(({ erasures }) => erasures.get({ params: { id: asked.id } })).pipe(
    Effect.repeat({ until: ({ state }) => state === "done", schedule: Schedule.spaced("200 millis") })
  )
  if (json) return say(JSON.stringify(done))
  say(`${good("erased")}  ${strong(inWords(done))}`, ...done.left.map(lineOf))
})

/** Every erasure, newest first. */
export const list = Effect.fnUntraced(function* (ask: Client.Ask, { json }: Pick<Wanted, "json">) {
  for (let after: string | undefined; ; ) {
    const query = { limit: 200, ...(after !== undefined && { after }) }
    const { items, next } = yield* ask(({ erasures }) => erasures.list({ query }))
    for (const one of items) {
      const state = one.state === "done" ? good(one.state) : bad(one.state)
      say(json ? JSON.stringify(one) : `${one.id}  ${state}  ${one.requestedAt}  ${inWords(one)}`)
    }
    if (next === null) return
    after = next
  }
})
