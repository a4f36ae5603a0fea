import type { IncomingMessage } from "node:http"
import { Effect } from "effect"
import { concat } from "#domain/Bytes.ts"
import { after } from "#domain/Timer.ts"
import * as Answer from "./Answer.ts"
import type { Share } from "./Room.ts"

/** Meta sends 3 MB at most. */
export const longest = 4 * 1024 * 1024

/**
 * The bytes of a body as they were received: nothing is decompressed, decoded or mended. Fails with what is answered
 * instead, as soon as that is known; then its room is given back.
 */
export const read = (
  request: IncomingMessage,
  share: Share,
  withinMillis: number
): Effect.Effect<Uint8Array, Answer.Answer> =>
  Effect.callback((resume) => {
    const chunks: Array<Uint8Array> = []
    let held = 0
    let isOver = false
    const end = (exit: Parameters<typeof resume>[0]) => {
      if (isOver) return
      isOver = true
      late.stop()
      resume(exit)
    }
    const refuse = (answer: Answer.Answer) => {
      if (isOver) return
      request.off("data", take).resume() // what still comes is thrown away
      chunks.length = 0
      share.release()
      end(Effect.fail(answer))
    }
    const take = (chunk: Uint8Array) => {
      if (held + chunk.length > longest) return refuse(Answer.payloadTooLarge)
      if (!share.take(chunk.length)) return refuse(Answer.unavailable("busy"))
      held += chunk.length
      chunks.push(chunk)
    }
    const late = after(withinMillis, () => refuse(Answer.requestTimeout))
    if (Number(request.headers["content-length"] ?? 0) > longest) return refuse(Answer.payloadTooLarge)
    request
      .on("data", take)
      .once("end", () => end(Effect.succeed(chunks.length === 1 ? chunks[0]! : concat(...chunks))))
      .once("close", () => refuse(Answer.requestTimeout)) // nobody hears it
      .once("error", () => refuse(Answer.requestTimeout))
    return Effect.sync(() => refuse(Answer.requestTimeout))
  })
