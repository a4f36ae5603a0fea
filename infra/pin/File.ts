import { readFileSync } from "node:fs"
import { Effect, Layer, Schema } from "effect"
import { GatewayPin } from "#domain/identity/Trust.ts"
import { type Kept, PinStore, PinStoreUnavailable } from "#domain/ports/PinStore.ts"
import { writeDurably } from "../DurableFile.ts"
import { isThere } from "../Openable.ts"

const Stored = Schema.Struct({
  v: Schema.Literal(1),
  generations: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 })),
  pin: Schema.optionalKey(GatewayPin)
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Stored))

const read = (file: string): Kept => {
  if (!isThere(file)) return { generations: 1, pin: undefined }
  const text = readFileSync(file, "utf8")
  try {
    const { generations, pin } = decode(text)
    return { generations, pin }
  } catch {
    throw new Error(`${file} is damaged. Restore it from a backup, or delete it and trust the gateway anew`)
  }
}

const write = (file: string, { generations, pin }: Kept) => {
  const stored: typeof Stored.Type = { v: 1, generations, ...(pin !== undefined && { pin }) }
  writeDurably(file, `${JSON.stringify(stored, undefined, 2)}\n`)
}

const trying = <A>(act: () => A) => Effect.try({ try: act, catch: (cause) => new PinStoreUnavailable({ cause }) })

/** One JSON file that people can read. */
export const layer = (file: string) =>
  Layer.succeed(PinStore, {
    read: trying(() => read(file)),
    write: (kept) => trying(() => write(file, kept))
  })
