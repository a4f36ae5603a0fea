import { spawn } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, it } from "@effect/vitest"
import { Array, Effect, Fiber } from "effect"
import { connect } from "nats"
import { sealFor } from "#domain/privacy/Jwe.ts"
import { sealingKeysIn } from "#domain/privacy/SealingKey.ts"
import { crypto } from "#infra/crypto/NodeCrypto.ts"
import { publicTypeNames } from "#services/api/PublicTypes.ts"
import { eventually, folder } from "./Homing.ts"
import { started } from "./Process.ts"
import { describeWith } from "./servers/Installed.ts"
import { natsServer } from "./servers/Nats.ts"

/** The consumer of the documentation, as people would run it; killed with the scope. */
const consumer = (file: string, url: string, more: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [resolve(import.meta.dirname, "../docs/consumer.ts"), file], {
        env: { PATH: process.env.PATH, NATS_URL: url, CONSUMER: "billing", ...more },
        stdio: ["ignore", "ignore", "inherit"]
      })
    ),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )

interface Taken {
  readonly id: string
  readonly data: object
  readonly sealed?: string
}
const eventsIn = (file: string) =>
  Effect.sync((): ReadonlyArray<Taken> => {
    if (!existsSync(file)) return []
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1)
    return lines.map((line) => JSON.parse(line))
  })
const takenIn = (file: string) => Effect.map(eventsIn(file), (events) => events.map(({ id }) => id))

/** A stream with these events, as a gateway would make it. */
const published = Effect.fnUntraced(function* (url: string, events: ReadonlyArray<object>) {
  const nats = yield* Effect.acquireRelease(
    Effect.promise(() => connect({ servers: url })),
    (connection) => Effect.promise(() => connection.close())
  )
  yield* Effect.promise(async () => {
    const manager = await nats.jetstreamManager()
    await manager.streams.add({ name: "EVENTS", subjects: ["homing.events.>"] })
    await manager.consumers.add("EVENTS", { durable_name: "billing" })
    for (const event of events) {
      await nats.jetstream().publish("homing.events.default.any.thing", JSON.stringify(event))
    }
  })
})

describeWith("nats-server", "a service that reads events", () => {
  it.live("has those of every type, also of one that it has never heard of", () =>
    Effect.gen(function* () {
      const taken = join(yield* folder, "taken.jsonl")
      const { url } = yield* natsServer()
      const types = [...publicTypeNames, "homing.of.a.newer.release.v1"]
      yield* published(
        url,
        types.map((id) => ({ id, type: id, data: { id } }))
      )
      yield* consumer(taken, url)
      yield* eventually(takenIn(taken), (ids) => ids.includes(types.at(-1)!))
      assert.deepStrictEqual(yield* takenIn(taken), types)
    })
  )

  it.live("has what is sealed for its key, and all else as it came, also what was tampered with", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const [taken, keyFile] = [join(cwd, "taken.jsonl"), join(cwd, "billing-1.jwk")]
      const { url } = yield* natsServer()
      const { d, ...shown } = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" })
      writeFileSync(keyFile, JSON.stringify({ ...shown, d, kid: "billing-1" }))
      const keyOf = (kid: string) => sealingKeysIn(JSON.stringify({ keys: [{ ...shown, kid }] }))![0]!
      const bare = { id: "of a message" }
      const all = { ...bare, content: { text: "hello" } }
      const boxFor = (kid: string, id: string) => sealFor(crypto, keyOf(kid), id, JSON.stringify(all))
      const told = (id: string, sealed?: string) => ({ id, data: bare, ...(sealed !== undefined && { sealed }) })
      const others = told("for others", boxFor("audit-1", "for others"))
      const moved = told("moved", boxFor("billing-1", "another event"))
      const changed = told("changed", `${boxFor("billing-1", "changed").slice(0, -4)}AAAA`)
      const omitted = { ...told("too long"), omitted: "too_large" }
      const both = `${boxFor("audit-1", "for both")} ${boxFor("billing-1", "for both")}`
      const events = [told("open"), told("for both", both), others, moved, changed, omitted]
      yield* published(url, events)
      yield* consumer(taken, url, { SEALING_KEY: keyFile })
      const found = yield* eventually(eventsIn(taken), ({ length }) => length >= events.length)
      assert.deepStrictEqual<unknown>(found, events.with(1, { ...told("for both"), data: all }))
    })
  )

  it.live("has exactly the log's, each once and in order, whatever is killed", () =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const nats = yield* natsServer()
      const taken = join(cwd, "taken.jsonl")
      const key = "the-key-of-this-test"
      const own = { API_KEY: key, RATE_LIMIT_DEVICES: "100000" }
      const env = { DATA_DIR: "data", NATS_URL: nats.url, EVENTS_CONSUMERS: "billing", ...own }
      const gateway = started({ cwd, env }, key)
      type Gateway = Effect.Success<typeof gateway>
      const changes = ({ call }: Gateway, device: string, words: string, n: number) =>
        Effect.forEach(
          Array.range(1, n),
          (i) => Effect.exit(call("PATCH", `/v1/devices/${device}`, { name: `${words} ${i}` })),
          { concurrency: 4 }
        )

      const first = yield* gateway
      const { body: device } = yield* first.call("POST", "/v1/devices", { name: "one", pairing: "qr" })
      const reader = yield* consumer(taken, nats.url)
      yield* eventually(takenIn(taken), ({ length }) => length > 0)
      const traffic = yield* Effect.forkChild(changes(first, device.id, "first", 2_000))
      yield* eventually(takenIn(taken), ({ length }) => length > 20)
      yield* nats.kill("SIGKILL")
      yield* nats.restart
      const { length: before } = yield* takenIn(taken)
      yield* eventually(takenIn(taken), ({ length }) => length > before + 20)
      yield* first.process.end("SIGKILL")
      reader.kill("SIGKILL")
      yield* Fiber.interrupt(traffic)

      yield* consumer(taken, nats.url)
      const second = yield* gateway
      yield* changes(second, device.id, "second", 20)
      const logged: globalThis.Array<string> = []
      for (let after = "", more = true; more; ) {
        const { body } = yield* second.call("GET", `/v1/events?limit=500${after}`)
        for (const { id } of body.items) logged.push(id)
        after = `&after=${body.next}`
        more = body.more
      }
      assert.isAbove(logged.length, 60)
      const found = yield* eventually(takenIn(taken), ({ length }) => length >= logged.length)
      assert.deepStrictEqual(found, logged)
    })
  )
})
