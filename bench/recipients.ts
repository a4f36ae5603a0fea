import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Effect, Layer, Logger, Redacted, Stream } from "effect"
import { DeviceId, WaMessageId } from "#domain/Ids.ts"
import { PhoneNumber } from "#domain/message/Recipient.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"
import * as NodeCrypto from "#infra/crypto/NodeCrypto.ts"
import * as Baileys from "#infra/whatsapp/baileys/Baileys.ts"
import { simulate, steer } from "./Simulator.ts"

/**
 * What the memory of a device comes to that writes to one new number after the other, and then to as many that are not on
 * WhatsApp. Prints a line of JSON at every tenth of the way. The simulator is a process of its own.
 */
const { values } = parseArgs({
  options: {
    sends: { type: "string", default: "20000" },
    lookups: { type: "string", default: "20000" },
    burst: { type: "string", default: "1000" },
    "every-ms": { type: "string", default: "1" }
  }
})
const atOnce = 16
const device = DeviceId.make("0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a01")
const own = "15550001"
const numberOf = (n: number) => `1666${n.toString().padStart(7, "0")}`
const firstAbsent = 1_000_000

const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024)
const print = (line: object) => {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  console.log(JSON.stringify({ ...line, heapMb: megabytes(heapUsed), rssMb: megabytes(rss) }))
}

const simulator = await simulate()
const folder = mkdtempSync(join(tmpdir(), "homing-bench-"))

const tell = (path: string, body: object) => Effect.promise(() => steer(simulator.controlUrl, path, body))

const program = Effect.gen(function* () {
  const whatsApp = yield* WhatsApp
  const connected = Promise.withResolvers<void>()
  let paired = false
  yield* Stream.runForEach(whatsApp.events, (event) =>
    Effect.suspend(() => {
      if (event._tag === "Paired") paired = true
      if (event._tag === "Connected" && paired) connected.resolve()
      if (event._tag === "PairingCode") return tell("scan", { qr: event.code, phone: own })
      return event._tag === "Receipt" ? event.taken : Effect.void
    })
  ).pipe(Effect.forkScoped)
  yield* whatsApp.open(device, { pairing: { method: "qr" }, sent: () => Effect.succeed(undefined) })
  yield* Effect.promise(() => connected.promise)
  const bytes = yield* whatsApp.encode(device, {
    to: { kind: "phone", address: PhoneNumber.make(`+${numberOf(0)}`) },
    content: { type: "text", text: "hello" }
  })

  const write = (n: number) =>
    whatsApp.send(device, {
      waMessageId: WaMessageId.make(`3EB0${n.toString(16).toUpperCase().padStart(18, "0")}`),
      to: { kind: "phone", address: PhoneNumber.make(`+${numberOf(n)}`) },
      bytes
    })

  const run = Effect.fnUntraced(function* (name: string, first: number, count: number, isAbsent: boolean) {
    const begun = performance.now()
    const outcomes = new Map<string, number>()
    for (let tenth = 0; tenth < 10; tenth++) {
      const each = Array.from({ length: count / 10 }, (_, n) => first + (tenth * count) / 10 + n)
      if (isAbsent) {
        const leave = each.map((n) => tell("contact", { phone: numberOf(n), present: false }))
        yield* Effect.all(leave, { concurrency: 8, discard: true })
      }
      const told = yield* Effect.all(each.map(write), { concurrency: atOnce })
      for (const outcome of told) {
        const what = outcome._tag === "NotSent" ? outcome.reason : outcome._tag
        outcomes.set(what, (outcomes.get(what) ?? 0) + 1)
      }
      const seconds = Math.round((performance.now() - begun) / 1_000)
      print({ [name]: ((tenth + 1) * count) / 10, seconds, ...Object.fromEntries(outcomes) })
    }
  })

  yield* write(0)
  print({ begins: 0 })
  yield* run("sends", 1, Number(values.sends), false)
  yield* run("lookups", firstAbsent, Number(values.lookups), true)
}).pipe(
  Effect.scoped,
  Effect.provide(
    Baileys.layer({
      authFile: join(folder, "whatsapp.db"),
      authKey: Redacted.make<Uint8Array>(Buffer.alloc(32, 7)),
      webSocketUrl: simulator.url,
      lookups: { burst: Number(values.burst), everyMs: Number(values["every-ms"]) }
    }).pipe(Layer.provide(NodeCrypto.layer))
  ),
  Effect.provide(Logger.layer([]))
)

await Effect.runPromise(program)
simulator.stop()
rmSync(folder, { recursive: true, force: true })
process.exit(0)
