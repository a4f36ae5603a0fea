import { EventEmitter, once } from "node:events"
import type { Socket } from "node:net"
import { setTimeout } from "node:timers/promises"
import { type Direction, isSilent, type Weather } from "./Faults.ts"

/** As much as may wait in a lane before its sender is held back, as a full socket buffer would. */
const highWater = 1_048_576
const slice = 16_384

type Piece = { readonly due: number } & ({ readonly bytes: Buffer } | { readonly end: "fin" | "reset" })

export interface LaneOptions {
  readonly from: Socket
  readonly to: Socket
  readonly direction: Direction
  readonly weather: Weather
  readonly random: () => number
  readonly tap: (direction: Direction, bytes: Buffer) => void
  /** Stands still and is reset: both lanes of the connection. */
  readonly lose: () => void
  readonly signal: AbortSignal
}

/** Resets it at once. Node can reset none that is shutting down, and would never say that it closed: that is closed. */
export const abort = (socket: Socket) => {
  if (!socket.writableEnded) socket.resetAndDestroy()
  socket.destroy()
}

/** One direction of one connection. Ends of the connection take the same way as bytes: what hides one hides both. */
export const lane = ({ direction, from, lose, random, signal, tap, to, weather }: LaneOptions) => {
  const waiting: Array<Piece> = []
  let bytes = 0
  const arrivals = new EventEmitter()
  const put = (piece: Piece) => {
    waiting.push(piece)
    arrivals.emit("piece")
  }
  const due = () => performance.now() + weather.now.delayMillis

  from.on("data", (chunk: Buffer) => {
    tap(direction, chunk)
    if (weather.now.halfOpen) return
    if (random() < weather.now.loss.chance) return lose()
    bytes += chunk.length
    if (bytes > highWater) from.pause()
    put({ due: due(), bytes: chunk })
  })
  from.on("end", () => put({ due: due(), end: "fin" }))
  from.on("error", () => put({ due: due(), end: "reset" }))

  const next = async (): Promise<Piece> => {
    if (waiting.length === 0) await once(arrivals, "piece", { signal })
    return waiting.shift()!
  }
  const passable = async () => {
    while (weather.now.halfOpen || isSilent(weather.now, direction)) await once(weather, "change", { signal })
  }
  const deliver = async (all: Buffer) => {
    for (let at = 0; at < all.length; at += slice) {
      const part = all.subarray(at, at + slice)
      const millis = (part.length / weather.now.bytesPerSecond) * 1_000
      if (millis > 0) await setTimeout(millis, undefined, { signal })
      await passable()
      if (!to.write(part)) await once(to, "drain", { signal })
      bytes -= part.length
      if (bytes <= highWater) from.resume()
    }
  }

  /** Until the connection's end has passed through. */
  return async () => {
    while (true) {
      const piece = await next()
      const wait = piece.due - performance.now()
      if (wait > 0) await setTimeout(wait, undefined, { signal })
      await passable()
      if ("bytes" in piece) await deliver(piece.bytes)
      else if (piece.end === "fin") return void to.end()
      else return abort(to)
    }
  }
}
