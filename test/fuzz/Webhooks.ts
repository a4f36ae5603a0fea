import { createHash, createHmac } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { parseArgs } from "node:util"
import { Effect } from "effect"
import { Pool } from "undici"
import * as AcknowledgesAtOnce from "#infra/whatsapp/AcknowledgesAtOnce.ts"
import { dice } from "../crash/Dice.ts"
import { eventually, folder, start } from "../Homing.ts"
import { changed, message, optionsOf, path, post, secret } from "../MetaFixture.ts"
import { bodies } from "./Bodies.ts"

/**
 * Posts bodies to Meta's address that nobody should have sent, half of them signed with the app's secret, as if Meta had: each has to be
 * answered as it deserves, what was answered 200 has to be kept and taken apart, and the process has to be what it was.
 * Prints one line of JSON. With --deceived those without a signature count as signed: the run must fail.
 */
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    deceived: { type: "boolean", default: false }
  }
})
const [count, seed] = [Number(values.count), Number(values.seed)]
const connections = 24
const object = "whatsapp_business_account"

const chance = dice(seed)
const nextBody = bodies(chance)
const decoder = new TextDecoder()
const hmac = (bytes: Uint8Array, key = secret) => createHmac("sha256", key).update(bytes).digest("hex")

const forgeries: ReadonlyArray<(bytes: Buffer) => string | undefined> = [
  () => undefined,
  () => "",
  (bytes) => `sha256=${hmac(bytes, "another secret")}`,
  (bytes) => `sha256=${hmac(bytes, "")}`,
  (bytes) => `sha256=${hmac(bytes).toUpperCase()}`,
  (bytes) => `sha1=${createHmac("sha1", secret).update(bytes).digest("hex")}`,
  (bytes) => `sha256=${hmac(bytes).slice(1)}`,
  (bytes) => `sha256=${hmac(bytes)}, sha256=${hmac(bytes)}`,
  (bytes) => `sha256=${hmac(Buffer.concat([bytes, Buffer.from(" ")]))}`,
  () => `sha256=${"0".repeat(64)}`
]

/** What a body that Meta signed deserves. */
const deserved = (bytes: Buffer): number => {
  try {
    return JSON.parse(decoder.decode(bytes))?.object === object ? 200 : 422
  } catch {
    return 400
  }
}

/** When what is under way has come to its end. */
const memoryMb = Effect.gen(function* () {
  yield* Effect.sleep("1 second")
  globalThis.gc?.()
  const { external, heapUsed } = process.memoryUsage()
  return Math.round((heapUsed + external) / 1024 / 1024)
})

const run = Effect.gen(function* () {
  const where = yield* folder
  const { call, url } = yield* start(where, AcknowledgesAtOnce.layer, { options: optionsOf(), withoutAgent: true })
  const pool = new Pool(url, { connections, pipelining: 1 })
  const log = new DatabaseSync(join(where, "log.db"), { readOnly: true })
  const counted = log.prepare("SELECT count(*) AS n FROM events WHERE type = ?")
  const countOf = (type: string) => counted.get(type)!.n as number
  const answers: Record<string, number> = {}
  const kept = new Set<string>()
  let [said, signed, memoryAtFirst] = [0, 0, 0]

  const sayOne = async () => {
    const { bytes, headers } = nextBody()
    const isSigned = chance.below(2) === 0
    const signature = isSigned ? `sha256=${hmac(bytes)}` : forgeries[chance.below(forgeries.length)]!(bytes)
    const all = {
      "content-type": "application/json",
      ...headers,
      ...(signature !== undefined && { "x-hub-signature-256": signature })
    }
    const answer = await pool.request({ method: "POST", path, headers: all, body: bytes })
    await answer.body.dump()
    const { statusCode: status } = answer
    const isRight = isSigned || values.deceived ? status === deserved(bytes) : status === 401 || status === 429
    if (!isRight)
      throw new Error(
        `answered ${status}, ${isSigned ? "" : "not "}signed: ${bytes.toString("base64").slice(0, 4_000)}`
      )
    answers[status] = (answers[status] ?? 0) + 1
    if (isSigned) signed++
    if (status === 200) kept.add(createHash("sha256").update(bytes).digest("hex"))
  }
  const sayUpTo = (end: number) =>
    Effect.promise(async () => {
      const talk = async () => {
        while (said < end) {
          said++
          await sayOne()
        }
      }
      await Promise.all(Array.from({ length: connections }, talk))
    })
  const takenApart = eventually(
    Effect.sync(() => countOf("batch.split.v1")),
    (n) => n === countOf("batch.received.v1")
  )

  yield* sayUpTo(Math.ceil(count / 5))
  yield* takenApart
  memoryAtFirst = yield* memoryMb
  yield* sayUpTo(count)
  yield* takenApart
  if (countOf("batch.received.v1") !== kept.size) throw new Error("what is kept is not what was answered 200")
  if (countOf("batch.lost.v1") > 0) throw new Error("something was lost")
  const last = yield* post(url, JSON.stringify(changed({ messages: [message("last", "still here")] })))
  if (last.status !== 200) throw new Error("it does not answer any more")
  yield* takenApart
  const { status } = yield* call("GET", "/v1/events?limit=1")
  if (status !== 200) throw new Error("it tells nothing any more")
  const facts = countOf("meta.received.v1")
  log.close()
  yield* Effect.promise(() => pool.destroy())
  return { seed, said, signed, answers, kept: kept.size, facts, memoryAtFirst, memoryAtLast: yield* memoryMb }
})

const began = performance.now()
const report = await Effect.runPromise(Effect.scoped(run))
console.log(JSON.stringify({ ...report, seconds: Math.round((performance.now() - began) / 1_000) }))
process.exit(0)
