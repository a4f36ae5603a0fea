import { createCipheriv, randomBytes } from "node:crypto"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { connect } from "nats"
import { proxy } from "./proxy/Proxy.ts"
import { sniffer } from "./Sniffer.ts"
import { describeWith } from "./servers/Installed.ts"
import { natsServer } from "./servers/Nats.ts"

const text = "the lavender armadillo waits"
const number = "60117654321"

const planted: Readonly<Record<string, (word: string) => Buffer>> = {
  text: (word) => Buffer.from(`{"a":"${word}"}`),
  "utf-16le": (word) => Buffer.from(word, "utf16le"),
  "utf-16be": (word) => Buffer.from(word, "utf16le").swap16(),
  hex: (word) => Buffer.from(Buffer.from(`x${word}`).toString("hex")),
  base64: (word) => Buffer.from(Buffer.from(`xx${word}?>`).toString("base64")),
  base64url: (word) => Buffer.from(Buffer.from(`x${word}?>`).toString("base64url"))
}

const broker = Effect.gen(function* () {
  const server = yield* natsServer()
  const heard = sniffer()
  const way = yield* proxy(server.port, { tap: heard.on("broker") })
  const connection = yield* Effect.acquireRelease(
    Effect.promise(() => connect({ servers: way.through(server.url), reconnect: false })),
    (open) => Effect.promise(() => open.close())
  )
  const publish = (bytes: Uint8Array, subject = "a.subject") =>
    Effect.promise(() => {
      connection.publish(subject, bytes)
      return connection.flush()
    })
  return { heard, connection, publish }
})

it("a word is heard though it comes in pieces, and not pieced together from several connections", () => {
  const heard = sniffer()
  const tap = heard.on("wire")
  tap("toServer", Buffer.from("the lavender arm"), 0)
  tap("toServer", Buffer.from("adillo waits"), 1)
  tap("toClient", Buffer.from("adillo waits"), 0)
  assert.deepStrictEqual(heard.find({ text }), [])
  tap("toServer", Buffer.from("adillo waits"), 0)
  assert.deepStrictEqual(heard.find({ text }), ["text as text in wire toServer"])
})

describeWith("nats-server", "what passes between a process and the broker", () => {
  it.live("is heard, in whatever form a word stands", () =>
    Effect.gen(function* () {
      for (const [name, word] of Object.entries({ text, number })) {
        for (const [form, bytes] of Object.entries(planted)) {
          const { heard, publish } = yield* broker
          yield* publish(bytes(word))
          assert.include(heard.find({ [name]: word }), `${name} as ${form} in broker toServer`)
        }
      }
    })
  )

  it.live("is heard both ways, and in names", () =>
    Effect.gen(function* () {
      const { connection, heard, publish } = yield* broker
      const arrived = connection.subscribe("to.*", { max: 1 })[Symbol.asyncIterator]().next()
      yield* publish(Buffer.from("nothing"), `to.${number}`)
      yield* Effect.promise(() => arrived)
      assert.deepStrictEqual(heard.find({ number }), [
        "number as text in broker toClient",
        "number as text in broker toServer"
      ])
    })
  )

  it.live("gives nothing away when it is encrypted, though it was listened to", () =>
    Effect.gen(function* () {
      const { heard, publish } = yield* broker
      const cipher = createCipheriv("aes-256-gcm", randomBytes(32), randomBytes(12))
      yield* publish(Buffer.concat([cipher.update(`${text} ${number}`), cipher.final()]), "sealed.box")
      assert.deepStrictEqual(heard.find({ text, number }), [])
      assert.deepStrictEqual(heard.find({ subject: "sealed.box" }), ["subject as text in broker toServer"])
    })
  )
})
