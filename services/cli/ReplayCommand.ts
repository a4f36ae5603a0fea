import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Runtime, Schema, Stream } from "effect"
import { StreamId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { EventStore } from "#domain/ports/EventStore.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import { moment, momentOf } from "../api/Moment.ts"
import type { Config } from "../Config.ts"
import * as Csv from "../contacts/Csv.ts"
import * as Stands from "../layers/ReadingAdapters.ts"
import { Personal } from "../privacy/Personal.ts"
import { compare } from "../replay/Comparing.ts"
import { type Asked, following, type Place, pages, placeOf } from "../replay/Reading.ts"
import { rebuilding } from "../replay/Rebuilding.ts"
import { stateAt, totalsAt } from "../replay/States.ts"
import { masking, type Opening, type Told, told } from "../replay/Told.ts"
import * as Log from "../telemetry/Log.ts"
import { Registrations } from "../views/Registrations.ts"
import * as Printed from "./Printed.ts"
import { progressBar } from "./ProgressBar.ts"
import { opening } from "./ReplayOpening.ts"
import * as ReplayText from "./ReplayText.ts"
import { faint, say, strong } from "./Terminal.ts"

export class NotUnderstood extends Schema.TaggedError<NotUnderstood>()("NotUnderstood", { message: Schema.String }) {}

/** Nothing stands there. Told already where it is told as JSON. */
export class NothingThere extends Schema.TaggedError<NothingThere>()("NothingThere", { message: Schema.String }) {
  override readonly [Runtime.errorExitCode] = 3
}

/** The live rows are not what the log says. It was told already. */
export class RowsDiffer extends Schema.TaggedError<RowsDiffer>()("RowsDiffer", {}) {
  override readonly [Runtime.errorReported] = false
  override readonly [Runtime.errorExitCode] = 2
}

export interface Filter {
  readonly from: string | undefined
  readonly to: string | undefined
  readonly device: string | undefined
  readonly chat: string | undefined
  readonly tag: string | undefined
  readonly stream: string | undefined
}

const isMoment = Schema.is(moment(""))
const isStream = Schema.is(StreamId)
const isPhone = Schema.is(PhoneNumber)

/** Digits are a position, all else is a time. */
const placeIn = Effect.fnUntraced(function* (text: string | undefined) {
  if (text === undefined) return undefined
  if (/^\d{1,19}$/.test(text)) return { position: BigInt(text) } satisfies Place
  if (isMoment(text)) return { at: momentOf(text) } satisfies Place
  return yield* new NotUnderstood({ message: `${text} is neither a position in the log nor a date and time` })
})

const askedIn = Effect.fnUntraced(function* ({ device, from, tag, to }: Filter, chat: ReadonlySet<string> | undefined) {
  const [key, ...value] = tag?.split("=") ?? []
  if (tag !== undefined && value.length === 0) {
    return yield* new NotUnderstood({ message: "a tag is given as key=value" })
  }
  const asked: Asked = {
    from: yield* placeIn(from),
    to: yield* placeIn(to),
    device,
    chat,
    ...(key !== undefined && { tag: { key, value: value.join("=") } })
  }
  return asked
})

/** Under the log of this configuration; what is said in it of what cannot be read goes to standard error. */
const reading = <A, E, R>(config: Config, work: Effect.Effect<A, E, R>) => {
  const { addresses, log, process } = config
  const quiet = Log.layer({ ...log, level: "error" })
  return Effect.provide(work, Layer.provideMerge(Stands.log(process.dataDirectory, addresses), quiet))
}

interface Shown {
  readonly open: Opening
  /** The names of the chat that is asked for. */
  readonly chat: ReadonlySet<string> | undefined
}

/** The same, with the folder's secrets where what is personal is shown, or a number has to be known by its name in the log. */
const showing = <A, E, R>(
  config: Config,
  { chat }: Filter,
  isPersonal: boolean,
  work: (shown: Shown) => Effect.Effect<A, E, R>
) => {
  if (chat === undefined && !isPersonal) return reading(config, work({ open: masking, chat: undefined }))
  const { access, addresses, log, process, provenance } = config
  return Effect.gen(function* () {
    if (chat !== undefined && !isPhone(chat)) {
      return yield* new NotUnderstood({ message: "a chat is given as a phone number in E.164, such as +60123456789" })
    }
    const open = isPersonal ? yield* opening(access.apiKey) : masking
    const { subjectOf } = yield* Personal
    return yield* work({ open, chat: chat === undefined ? undefined : new Set([subjectOf("phone", chat)]) })
  }).pipe(
    Effect.provide(
      Stands.opening(process.dataDirectory, addresses, provenance.region).pipe(
        Layer.provideMerge(Log.layer({ ...log, level: "error" }))
      )
    )
  )
}

type Printer = (event: Told) => void
const printers: Readonly<Record<"json" | "csv" | "text", Printer>> = {
  json: (event) => say(JSON.stringify(event)),
  csv: (event) => process.stdout.write(Csv.line(ReplayText.cellsOf(event))),
  text: (event) => say(ReplayText.lineOf(event))
}

const printed = (stream: string | undefined, open: Opening, print: Printer) => (event: RecordedEvent) =>
  stream !== undefined && event.stream !== stream
    ? Effect.void
    : Effect.andThen(Effect.map(told(event, open), print), Printed.read)

const exported = Effect.fnUntraced(function* (filter: Filter, { chat, open }: Shown, form: keyof typeof printers) {
  const asked = yield* askedIn(filter, chat)
  const upTo = yield* placeOf(asked.to)
  if (form === "csv") process.stdout.write(Csv.line(ReplayText.csvHeader))
  if (upTo === undefined) return
  const bar = progressBar("reading", upTo)
  const isWatched = process.stdout.isTTY !== true
  yield* Stream.runForEach(
    pages(asked, upTo, isWatched ? bar.advance : undefined),
    printed(filter.stream, open, printers[form])
  )
  bar.end()
})

export const show = (config: Config, filter: Filter, how: { readonly json: boolean; readonly personal: boolean }) =>
  showing(config, filter, how.personal, (shown) => exported(filter, shown, how.json ? "json" : "text"))

export const exportAll = (config: Config, filter: Filter, how: { readonly csv: boolean; readonly personal: boolean }) =>
  showing(config, filter, how.personal, (shown) => exported(filter, shown, how.csv ? "csv" : "json"))

/** From now on, or from behind a place, until a signal ends it. */
export const follow = (config: Config, filter: Filter, how: { readonly json: boolean; readonly personal: boolean }) =>
  showing(config, filter, how.personal, ({ chat, open }) =>
    Effect.gen(function* () {
      const asked = yield* askedIn(filter, chat)
      const after = asked.from === undefined ? yield* (yield* EventStore).head : yield* placeOf(asked.from)
      yield* Stream.runForEach(
        following(asked, after),
        printed(filter.stream, open, how.json ? printers.json : printers.text)
      )
    })
  )

export const state = (
  config: Config,
  { at, json, stream }: { readonly at: string | undefined; readonly json: boolean; readonly stream: string | undefined }
) =>
  reading(
    config,
    Effect.gen(function* () {
      const place = yield* placeIn(at)
      const head = yield* (yield* EventStore).head
      const bar = progressBar("reading", head)
      const upTo = yield* placeOf(place, bar.advance)
      if (stream !== undefined && !isStream(stream)) {
        return yield* new NotUnderstood({ message: `${stream} is no stream, such as message-… or device-…` })
      }
      const found =
        upTo === undefined
          ? undefined
          : stream === undefined
            ? yield* totalsAt(upTo, bar.advance)
            : yield* stateAt(stream, upTo)
      bar.end()
      if (found === undefined) return yield* new NothingThere({ message: "nothing of it was recorded by then" })
      say(JSON.stringify(found, undefined, json ? undefined : 2))
    })
  )

/** A file of this process alone, which goes with it. */
const scratch = () => join(tmpdir(), `homing-replay-${process.pid}-${Math.trunc(performance.timeOrigin)}.db`)

const withViews = <A, E, R>(config: Config, file: string, work: Effect.Effect<A, E, R>) => {
  const { addresses, log, process, provenance } = config
  return work.pipe(
    Effect.provide(Stands.own(file)),
    Effect.provide(
      Stands.views(process.dataDirectory, addresses, provenance.region).pipe(
        Layer.provideMerge(Log.layer({ ...log, level: "error" }))
      )
    )
  )
}

const rate = (events: number, begun: number) => Math.round(events / ((performance.now() - begun) / 1_000))

/** Makes all rows anew, in a file of their own beside the live ones, which nothing is done to. */
export const rebuild = (config: Config, { into, json }: { readonly into: string; readonly json: boolean }) =>
  withViews(
    config,
    into,
    Effect.gen(function* () {
      const views = (yield* Registrations).all().map(({ rows }) => rows)
      const head = yield* (yield* EventStore).head
      const bar = progressBar("making rows", head)
      const begun = performance.now()
      const rebuild = yield* rebuilding(views)
      const events = head === undefined ? 0 : yield* rebuild(head, bar.advance)
      bar.end()
      const summary = { file: into, events, perSecond: rate(events, begun), views: views.map(({ name }) => name) }
      say(
        json
          ? JSON.stringify(summary)
          : `${events} events, ${summary.perSecond} a second: ${views.length} views in ${into}`
      )
    })
  )

/** Whether the live rows are what the log says, row by row. */
export const diff = Effect.fnUntraced(function* (config: Config, { json }: { readonly json: boolean }) {
  if (config.addresses.databaseUrl !== undefined) {
    return yield* new NotUnderstood({
      message: "rows are compared where they are in DATA_DIR; with DATABASE_URL they are not"
    })
  }
  const file = scratch()
  const compared = Effect.gen(function* () {
    const views = (yield* Registrations).all().map(({ rows }) => rows)
    const bar = progressBar("making rows", yield* (yield* EventStore).head)
    const found = yield* compare(views, Stands.rowsIn(config.process.dataDirectory), bar.advance)
    bar.end()
    return found
  })
  const { apart, position, tables } = yield* withViews(config, file, compared).pipe(
    Effect.ensuring(Effect.sync(() => rmSync(file, { force: true })))
  )
  const isSame = apart.length === 0 && tables.every(({ extra, missing }) => extra === 0 && missing === 0)
  if (json) say(JSON.stringify({ position: position === undefined ? null : String(position), isSame, apart, tables }))
  else {
    for (const { extra, missing, rows, table, view } of tables) {
      const verdict =
        missing + extra === 0 ? "the same" : strong(`${missing} missing, ${extra} that the log does not say`)
      say(`  ${view} ${faint(table)}: ${rows} rows, ${verdict}`)
    }
    for (const view of apart) say(`  ${view}: ${strong("of another version, or not as far as the others")}`)
  }
  if (!isSame) return yield* new RowsDiffer()
})
