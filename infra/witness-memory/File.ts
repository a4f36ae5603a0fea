import { readFileSync } from "node:fs"
import { Effect, Layer, Schema } from "effect"
import { Instant } from "#domain/Instant.ts"
import { type Cosigned, WitnessMemory, WitnessMemoryUnavailable } from "#domain/ports/WitnessMemory.ts"
import { writeDurably } from "../DurableFile.ts"
import { isThere } from "../Openable.ts"

const Beside = Schema.Struct({
  name: Schema.String,
  publicKey: Schema.String,
  note: Schema.String,
  cosignedAt: Instant
})
const Log = Schema.Struct({
  note: Schema.String,
  askedAt: Instant,
  /** Absent in what was written before witnesses heard of each other. */
  others: Schema.optionalKey(Schema.Array(Beside))
})
const Stored = Schema.Struct({ v: Schema.Literal(1), logs: Schema.Record(Schema.String, Log) })
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Stored))

const read = (file: string): (typeof Stored.Type)["logs"] => {
  if (!isThere(file)) return {}
  const text = readFileSync(file, "utf8")
  try {
    return decode(text).logs
  } catch {
    throw new Error(`${file} is damaged. Restore it from a backup; without it this witness believes anew`)
  }
}

const write = (file: string, origin: string, cosigned: Cosigned) => {
  const stored: typeof Stored.Type = { v: 1, logs: { ...read(file), [origin]: cosigned } }
  writeDurably(file, `${JSON.stringify(stored, undefined, 2)}\n`)
}

const trying = <A>(act: () => A) => Effect.try({ try: act, catch: (cause) => new WitnessMemoryUnavailable({ cause }) })

/** One JSON file that people can read. */
export const layer = (file: string) =>
  Layer.succeed(WitnessMemory, {
    read: (origin) =>
      trying(() => {
        const logs = read(file)
        return Object.hasOwn(logs, origin) ? { others: [], ...logs[origin]! } : undefined
      }),
    write: (origin, cosigned) => trying(() => write(file, origin, cosigned))
  })
