import { readFileSync } from "node:fs"
import { Effect, Layer, Schema } from "effect"
import { Instant } from "#domain/Instant.ts"
import {
  type Accepted,
  type Cosigned,
  type Remembered,
  WitnessMemory,
  WitnessMemoryUnavailable
} from "#domain/ports/WitnessMemory.ts"
import { writeDurably } from "../DurableFile.ts"
import { isThere } from "../Openable.ts"

const Beside = Schema.Struct({
  name: Schema.String,
  publicKey: Schema.String,
  note: Schema.String,
  cosignedAt: Instant
})
const AcceptedHead = Schema.Struct({ note: Schema.String, insteadOf: Schema.String, at: Instant })
const cosigned = { note: Schema.String, askedAt: Instant }
const Log = Schema.Struct({ ...cosigned, others: Schema.Array(Beside), accepted: Schema.Array(AcceptedHead) })
const Newest = Schema.Struct({ v: Schema.Literal(2), logs: Schema.Record(Schema.String, Log) })
/** The first version knew no other witnesses, and no heads that an operator accepted. */
const First = Schema.Struct({ v: Schema.Literal(1), logs: Schema.Record(Schema.String, Schema.Struct(cosigned)) })
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Union([Newest, First])))

const newestOf = (stored: ReturnType<typeof decode>): Readonly<Record<string, Remembered>> =>
  stored.v === 2
    ? stored.logs
    : Object.fromEntries(
        Object.entries(stored.logs).map(([origin, log]) => [origin, { ...log, others: [], accepted: [] }])
      )

const read = (file: string): Readonly<Record<string, Remembered>> => {
  if (!isThere(file)) return {}
  const text = readFileSync(file, "utf8")
  try {
    return newestOf(decode(text))
  } catch {
    throw new Error(`${file} is damaged. Restore it from a backup; without it this witness believes anew`)
  }
}

const of = (file: string, origin: string) => {
  const logs = read(file)
  return Object.hasOwn(logs, origin) ? logs[origin] : undefined
}

const write = (file: string, origin: string, cosigned: Cosigned, accepted?: Accepted) => {
  const before = of(file, origin)?.accepted ?? []
  const log: Remembered = { ...cosigned, accepted: accepted === undefined ? before : [...before, accepted] }
  const stored: typeof Newest.Type = { v: 2, logs: { ...read(file), [origin]: log } }
  writeDurably(file, `${JSON.stringify(stored, undefined, 2)}\n`)
}

const trying = <A>(act: () => A) => Effect.try({ try: act, catch: (cause) => new WitnessMemoryUnavailable({ cause }) })

/** One JSON file that people can read. */
export const layer = (file: string) =>
  Layer.succeed(WitnessMemory, {
    read: (origin) => trying(() => of(file, origin)),
    write: (origin, cosigned) => trying(() => write(file, origin, cosigned)),
    accept: (origin, accepted) =>
      trying(() => {
        const others = of(file, origin)?.others ?? []
        write(file, origin, { note: accepted.note, askedAt: accepted.at, others }, accepted)
      })
  })
