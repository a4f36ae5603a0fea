import type { Socket } from "node:net"
import type { Writable } from "node:stream"
import { Effect } from "effect"

/** As much may wait in a connection before it counts as slow: more than Node itself lets wait before it says so. */
export const littleBytes = 128 * 1024

/** Completes when little waits in it, or nothing ever will again. */
export const drained = (stream: Writable, pendingBytes: () => number): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const look = () => {
      if (pendingBytes() > littleBytes && !stream.destroyed) return
      leave()
      resume(Effect.void)
    }
    const leave = () => {
      stream.off("drain", look)
      stream.off("close", look)
    }
    stream.on("drain", look)
    stream.on("close", look)
    look()
    return Effect.sync(leave)
  })

/** Asked now and then: whether something that was written before the last time has still not left. */
export const stuck = (socket: Pick<Socket, "bytesWritten" | "writableLength">) => {
  let written = 0
  return (): boolean => {
    const isStuck = socket.bytesWritten - socket.writableLength < written
    written = socket.bytesWritten
    return isStuck
  }
}
