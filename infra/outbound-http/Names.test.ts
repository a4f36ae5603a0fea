import { createSocket } from "node:dgram"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { resolving } from "./Names.ts"

/** A name server that knows one address, of IPv4, for whatever name; or says nothing at all. */
const nameServer = (address: ReadonlyArray<number> | undefined) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly at: string; readonly asked: () => number; readonly close: () => void }>((resume) => {
      const socket = createSocket("udp4")
      let asked = 0
      socket.on("message", (question, from) => {
        asked++
        if (address === undefined) return
        const end = question.indexOf(0, 12) + 5
        const isFour = question.readUInt16BE(end - 4) === 1
        const header = Buffer.from([...question.subarray(0, 2), 0x81, 0x80, 0, 1, 0, isFour ? 1 : 0, 0, 0, 0, 0])
        const record = isFour ? [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...address] : []
        socket.send(Buffer.concat([header, question.subarray(12, end), Buffer.from(record)]), from.port, from.address)
      })
      socket.bind(0, "127.0.0.1", () => {
        const at = `127.0.0.1:${socket.address().port}`
        resume(Effect.succeed({ at, asked: () => asked, close: () => socket.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const ever = new AbortController().signal

it.live("asks name servers for both kinds of addresses, and the machine's own file before", () =>
  Effect.gen(function* () {
    const { asked, at } = yield* nameServer([93, 184, 216, 34])
    const resolve = resolving([at])
    assert.include(yield* Effect.promise(() => resolve("localhost", ever)), "127.0.0.1")
    assert.deepStrictEqual(yield* Effect.promise(() => resolve("hooks.localhost", ever)), ["127.0.0.1", "::1"])
    assert.strictEqual(asked(), 0)
    assert.deepStrictEqual(yield* Effect.promise(() => resolve("hooks.example", ever)), ["93.184.216.34"])
    assert.strictEqual(asked(), 2)
  })
)

it.live("stops asking when nobody waits any more", () =>
  Effect.gen(function* () {
    const { asked, at } = yield* nameServer(undefined)
    const begun = performance.now()
    const waiting = Effect.flip(Effect.tryPromise(() => resolving([at])("hooks.example", AbortSignal.timeout(200))))
    yield* waiting
    assert.isBelow(performance.now() - begun, 900)
    assert.isAtLeast(asked(), 1)
  })
)
