import { parseArgs } from "node:util"
import { encodeBinaryNode } from "@whiskeysockets/baileys"
import { Effect, Logger } from "effect"
import { DeviceId } from "#domain/Ids.ts"
import { encodePlainly } from "#infra/whatsapp/baileys/PlainNodes.ts"
import { agent, bob, device, own, waMessageId, world } from "#infra/whatsapp/baileys/testing/BaileysFixture.ts"
import { connect, freshAuth, next } from "#infra/whatsapp/simulator/testing/TestClient.ts"
import { dice } from "../crash/Dice.ts"
import { corpus } from "./Corpus.ts"
import { mutations } from "./Mutations.ts"

/**
 * Says random and altered stanzas to one device, while another one of the same process sends. Prints one line of JSON.
 * With --bare the stanzas go to a Baileys that nothing guards: the process must die of them.
 */
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    bare: { type: "boolean", default: false }
  }
})
const count = Number(values.count)
const seed = Number(values.seed)
const burst = 250
const other = DeviceId.make("0b9f2a54-5a6f-4c0e-9d6c-2f6f7f1f0a02")
const others = "15550009"

const chance = dice(seed)
const stanzaOf = mutations(chance, corpus)
const encodings = [encodeBinaryNode, encodePlainly] // as Baileys writes it, which it cannot always read itself, and word for word

/** When what is under way has come to its end. */
const heapUsed = Effect.gen(function* () {
  yield* Effect.sleep("1 second")
  globalThis.gc?.()
  return Math.round(process.memoryUsage().heapUsed / 1024 / 1024)
})

const guarded = Effect.gen(function* () {
  const made = yield* world({ autoContacts: true })
  const { simulator } = made
  const backoff = { firstMs: 2, mostMs: 10, goodMs: 1 }
  const { hears, open, pair, send, unread, encode } = yield* agent(made, { authFile: ":memory:", backoff })
  yield* pair
  yield* open(other, { pairing: { method: "qr" }, sent: () => Effect.succeed(undefined) })
  const { code } = yield* hears("PairingCode", { device: other })
  yield* Effect.promise(() => simulator.scanQr(code, others))
  yield* hears("Disconnected", { device: other, reason: "restarting" })
  yield* hears("Connected", { device: other })

  const bytes = yield* encode()
  const to = { kind: "phone", address: `+${bob}` } as Parameters<typeof send>[1]["to"]
  const reasons = new Map<string, number>()
  let [said, sent, slowestMs, heapAtFirst, isBack] = [0, 0, 0, 0, true]

  const hear = () => {
    for (const event of unread.splice(0)) {
      if (event.device === other && event._tag === "Disconnected")
        throw new Error("the other device lost its connection")
      if (event.device !== device) continue
      if (event._tag === "Connected") isBack = true
      if (event._tag !== "Disconnected") continue
      isBack = false
      if (event.final) throw new Error(`its session ended: ${event.reason}`)
      reasons.set(event.reason, (reasons.get(event.reason) ?? 0) + 1)
    }
  }

  while (said < count) {
    for (let n = 0; n < burst && said < count; n++) {
      const stanza = stanzaOf(`F${said}`)
      if (simulator.sendStanza(own, stanza, { encode: encodings[chance.below(2)]! })) said += 1
      else break
    }
    const begun = performance.now()
    const outcome = yield* send(other, { waMessageId: waMessageId(++sent), to, bytes })
    if (outcome._tag !== "Acked") throw new Error(`the other device cannot send: ${outcome._tag}`)
    slowestMs = Math.max(slowestMs, performance.now() - begun)
    simulator.record.forget()
    hear()
    while (!isBack) {
      yield* Effect.sleep(1)
      hear()
    }
    if (heapAtFirst === 0 && said >= count / 5) heapAtFirst = yield* heapUsed
  }
  return {
    seed,
    said,
    sent,
    slowestMs: Math.round(slowestMs),
    reasons: Object.fromEntries(reasons),
    heapAtFirst,
    heapAtLast: yield* heapUsed
  }
})

const bare = Effect.gen(function* () {
  const { simulator } = yield* world({ autoContacts: true })
  const auth = freshAuth()
  const first = connect(simulator.url, auth)
  const qr = yield* Effect.promise(() => next(first, "connection.update", (update) => update.qr))
  yield* Effect.promise(() => simulator.scanQr(qr, own))
  yield* Effect.promise(() => next(first, "connection.update", ({ connection }) => connection === "close" || undefined))
  let said = 0
  while (said < count) {
    const socket = connect(simulator.url, auth)
    yield* Effect.promise(() =>
      next(socket, "connection.update", ({ connection }) => connection === "open" || undefined)
    )
    while (said < count && simulator.sendStanza(own, stanzaOf(`F${said}`), { encode: encodings[chance.below(2)]! })) {
      said += 1
      yield* Effect.sleep(0)
    }
  }
  return { seed, said }
})

const began = performance.now()
const report = await Effect.runPromise(
  (values.bare ? bare : guarded).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
)
console.log(JSON.stringify({ ...report, seconds: Math.round((performance.now() - began) / 1_000) }))
process.exit(0)
