import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { until } from "#domain/testing/Eventually.ts"
import { abort } from "./Lane.ts"
import { type ProxyOptions, proxy } from "./Proxy.ts"

/** A server that says back what it hears, and how much it has heard. */
const echo = Effect.acquireRelease(
  Effect.promise(async () => {
    const heard: Array<Buffer> = []
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket.on("error", () => {}))
      socket.on("data", (bytes: Buffer) => {
        heard.push(bytes)
        socket.write(bytes)
      })
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    return { heard: () => Buffer.concat(heard).toString(), open, server }
  }),
  ({ open, server }) =>
    Effect.sync(() => {
      for (const socket of open) socket.destroy()
      server.close()
    })
)

const client = (port: number) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const socket = connect(port, "127.0.0.1")
        await once(socket, "connect")
        return socket
      }),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    (socket) => {
      let said = ""
      socket.setEncoding("utf8").on("data", (text: string) => {
        said += text
      })
      const ended = new Promise<string>((resolve) => {
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""))
        socket.once("end", () => resolve("end"))
      })
      return {
        write: (text: string) => void socket.write(text),
        /** Waits until the network has taken everything. */
        drained: Effect.promise(async () => {
          if (socket.writableNeedDrain) await once(socket, "drain")
        }),
        /** Waits until so much came back; the milliseconds that took. */
        hears: (length: number) =>
          Effect.promise(async () => {
            const begun = performance.now()
            while (said.length < length) await once(socket, "data")
            return performance.now() - begun
          }),
        said: () => said,
        ended: Effect.promise(() => ended)
      }
    }
  )

const standing = (options: ProxyOptions = {}) =>
  Effect.gen(function* () {
    const server = yield* echo
    const between = yield* proxy((server.server.address() as AddressInfo).port, options)
    return { server, between, caller: yield* client(between.port) }
  })

/** More than any buffer on the way holds. */
const much = "0123456789abcdef".repeat(524_288)

/** Long enough for bytes to make the way many times over. */
const aMoment = Effect.sleep("100 millis")

describe("a network between a caller and a server", () => {
  it.live("lets everything through, however much, while nothing is wrong", () =>
    Effect.gen(function* () {
      const { between, caller, server } = yield* standing()
      caller.write(much)
      yield* caller.hears(much.length)
      assert.isTrue(server.heard() === much && caller.said() === much, "every byte, in order")
      assert.strictEqual(
        between.through("nats://me:secret@127.0.0.1:4222"),
        `nats://me:secret@127.0.0.1:${between.port}`
      )
    })
  )

  it.live("is slow: bytes arrive later, and no fewer at a time", () =>
    Effect.gen(function* () {
      const { between, caller } = yield* standing()
      yield* between.set({ delayMillis: 60 })
      for (let i = 0; i < 20; i++) {
        caller.write("x")
        yield* Effect.sleep("2 millis")
      }
      const millis = yield* caller.hears(20)
      assert.isTrue(millis > 60 && millis < 2_000, `${millis} ms: there and back once, not twenty times`)
      caller.write(much)
      yield* caller.hears(20 + much.length)
    })
  )

  it.live("is narrow", () =>
    Effect.gen(function* () {
      const { between, caller } = yield* standing()
      yield* between.set({ bytesPerSecond: 200_000 })
      caller.write("x".repeat(40_000))
      const millis = yield* caller.hears(40_000)
      assert.isTrue(millis > 190, `${millis} ms for 40 kB at 200 kB/s`)
      yield* between.heal
      caller.write("x".repeat(2_000_000))
      assert.isTrue((yield* caller.hears(2_040_000)) < 9_000) // ten seconds while it was narrow
    })
  )

  it.live("is cut: every connection is reset, new ones are taken", () =>
    Effect.gen(function* () {
      const { between, caller } = yield* standing()
      caller.write("before")
      yield* caller.hears(6)
      assert.strictEqual(yield* between.connections, 1)
      yield* between.cut
      assert.strictEqual(yield* caller.ended, "ECONNRESET")
      assert.strictEqual(yield* between.connections, 0)
      const again = yield* client(between.port)
      again.write("after")
      yield* again.hears(5)
    })
  )

  it.live("is parted: each direction by itself, and nothing is lost", () =>
    Effect.gen(function* () {
      const { between, caller, server } = yield* standing()
      yield* between.during({ silent: "toServer" })(
        Effect.gen(function* () {
          caller.write("one")
          yield* aMoment
          assert.deepStrictEqual([server.heard(), caller.said()], ["", ""])
        })
      )
      yield* caller.hears(3)
      yield* between.during({ silent: "toClient" })(
        Effect.gen(function* () {
          caller.write("two")
          yield* until(() => server.heard() === "onetwo")
          yield* aMoment
          assert.deepStrictEqual([server.heard(), caller.said()], ["onetwo", "one"])
        })
      )
      yield* caller.hears(6)
      yield* between.set({ silent: "both" })
      const late = yield* client(between.port)
      late.write("six")
      caller.write("ten")
      yield* aMoment
      assert.strictEqual(server.heard(), "onetwo")
      yield* between.heal
      yield* Effect.all([late.hears(3), caller.hears(9)], { concurrency: 2 })
    })
  )

  it.live("hides an end as it hides bytes", () =>
    Effect.gen(function* () {
      const { between, caller, server } = yield* standing()
      caller.write("one")
      yield* caller.hears(3)
      yield* between.set({ silent: "toClient" })
      for (const socket of server.open) socket.end()
      assert.deepStrictEqual(yield* Effect.timeoutOption(caller.ended, "100 millis"), Option.none())
      yield* between.heal
      assert.strictEqual(yield* caller.ended, "end")
    })
  )

  it.live("is half open: it accepts, swallows and never answers, until the truth comes out", () =>
    Effect.gen(function* () {
      const { between, caller, server } = yield* standing()
      yield* between.set({ halfOpen: true })
      const late = yield* client(between.port)
      caller.write(much)
      yield* caller.drained
      late.write("two")
      yield* aMoment
      assert.deepStrictEqual([server.heard(), caller.said(), late.said()], ["", "", ""])
      yield* between.heal
      assert.deepStrictEqual([yield* caller.ended, yield* late.ended], ["ECONNRESET", "ECONNRESET"])
      assert.strictEqual(server.heard(), "")
    })
  )

  it.live("loses: the connection stands still, then is reset; what was before has arrived", () =>
    Effect.gen(function* () {
      const throws = [0.9, 0.1]
      const asked: Array<string> = []
      const tap = (_: string, bytes: Buffer) => void asked.push(`${bytes}`)
      const { between, caller, server } = yield* standing({ random: () => throws.shift() ?? 1, tap })
      yield* between.set({ delayMillis: 50, loss: { chance: 0.5, stallMillis: 150 } })
      caller.write("under way")
      yield* until(() => asked.length === 1)
      const begun = performance.now()
      caller.write("lost")
      yield* Effect.sleep("60 millis")
      caller.write("too late")
      assert.strictEqual(yield* caller.ended, "ECONNRESET")
      const millis = performance.now() - begun
      assert.isTrue(millis > 140, `it stood still for ${millis} ms`)
      assert.strictEqual(server.heard(), "under way")
    })
  )

  it.live("passes on that nobody listens", () =>
    Effect.gen(function* () {
      const { between, caller, server } = yield* standing()
      server.server.close()
      for (const socket of server.open) socket.destroy()
      const late = yield* client(between.port)
      assert.strictEqual(yield* late.ended, "ECONNRESET")
      yield* caller.ended
      assert.strictEqual(yield* between.connections, 0)
    })
  )

  it.live("shows a tap every byte, also those that never arrive", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const tap = (direction: string, bytes: Buffer) => void seen.push(`${direction} ${bytes}`)
      const { between, caller } = yield* standing({ tap })
      caller.write("one")
      yield* caller.hears(3)
      yield* between.set({ halfOpen: true })
      caller.write("two")
      yield* until(() => seen.length > 2)
      yield* aMoment
      assert.deepStrictEqual(seen, ["toServer one", "toClient one", "toServer two"])
    })
  )

  it.live("closes also a connection that is shutting down when it is reset", () =>
    Effect.gen(function* () {
      const { server } = yield* echo
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => {})
      const closed = once(socket, "close")
      yield* Effect.promise(() => once(socket, "connect"))
      socket.end()
      yield* Effect.promise(() => new Promise<void>((resolve) => process.nextTick(resolve)))
      abort(socket)
      yield* Effect.promise(() => closed)
    }).pipe(Effect.scoped)
  )
})
