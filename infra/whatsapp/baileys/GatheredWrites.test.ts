import { EventEmitter } from "node:events"
import { Duplex } from "node:stream"
import { assert, it } from "@effect/vitest"
import { gatherWrites } from "./GatheredWrites.ts"

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))

const line = () => {
  const left: Array<ReadonlyArray<string>> = []
  const failures: Array<string> = []
  const socket = new Duplex({
    read: () => {},
    write: (chunk, _, done) => {
      left.push([String(chunk)])
      done()
    },
    writev: (chunks, done) => {
      left.push(chunks.map(({ chunk }) => String(chunk)))
      done()
    }
  })
  socket.on("error", ({ message }) => failures.push(message))
  const ws = new EventEmitter()
  gatherWrites(ws)
  ws.emit("upgrade", { socket })
  return { failures, left, socket }
}

it("what is written in one turn leaves together, in its order, and nobody waits for it to leave", async () => {
  const { left, socket } = line()
  const written: Array<string> = []
  const write = (frame: string) => socket.write(frame, () => written.push(frame))
  write("one")
  await Promise.resolve()
  write("two")
  await new Promise<void>((resolve) => void socket.write("three", () => resolve()))
  assert.deepStrictEqual([written, left], [["one", "two"], []])
  await turn()
  assert.deepStrictEqual(left, [["one", "two", "three"]])
  write("four")
  socket.end("five")
  await turn()
  assert.deepStrictEqual(left.flat(), ["one", "two", "three", "four", "five"])
})

it("a line that breaks says so to whoever holds it", async () => {
  const { failures, socket } = line()
  socket.write("one", () => {})
  socket.destroy(new Error("cut"))
  socket.write("two", () => {})
  await turn()
  assert.deepStrictEqual(failures, ["cut"])
})
