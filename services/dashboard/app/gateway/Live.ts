import { after } from "../time/Timer.ts"
import { reader } from "./EventLines.ts"
import { beside, ownHeader, Refused, refusalOf } from "./Gateway.ts"

/** What happens, as `GET /v1/live` tells it; as much of it as the pages use. */
export interface Happening {
  readonly id: string
  readonly type: string
  readonly time: string
  readonly source: string
  readonly subject: string
  readonly cursor?: string
  readonly data: Readonly<Record<string, unknown>>
}

export type Standing =
  | { readonly state: "live" }
  | { readonly state: "connecting"; readonly since: number }
  /** Not tried again by itself. */
  | { readonly state: "off"; readonly why: string }

interface Ears {
  readonly onHappening: (happening: Happening) => void
  readonly onStanding: (standing: Standing) => void
  /** The session is over. */
  readonly onEnd: () => void
}

/** The gateway speaks every 15 seconds, if only a colon: a line that is silent for longer than two of them is cut. */
const silenceMillis = 35_000
const longestWaitMillis = 10_000

/** Follows until it is aborted, from one connection to the next without a gap: each begins behind what was heard last. */
export const follow = async ({ onEnd, onHappening, onStanding }: Ears, signal: AbortSignal): Promise<void> => {
  let last: string | undefined
  let lostAt: number | undefined
  let waitMillis = 500
  while (!signal.aborted) {
    lostAt ??= Date.now()
    onStanding({ state: "connecting", since: lostAt })
    const line = new AbortController()
    const end = () => line.abort()
    signal.addEventListener("abort", end)
    let stopSilence = after(silenceMillis, end)
    try {
      const response = await fetch(beside("v1/live"), {
        headers: { accept: "text/event-stream", ...ownHeader, ...(last && { "last-event-id": last }) },
        signal: line.signal
      })
      if (!response.ok || response.body === null) throw await refusalOf(response)
      const read = reader()
      for await (const bytes of chunksOf(response.body)) {
        stopSilence()
        stopSilence = after(silenceMillis, end)
        for (const { data, event, id } of read(bytes)) {
          if (id !== undefined) last = id
          if (data !== "" && event !== "closing") onHappening(JSON.parse(data) as Happening)
        }
        if (lostAt === undefined) continue
        // not before it is said where the connection begins: one that is cut now is gone on with from there
        onStanding({ state: "live" })
        lostAt = undefined
        waitMillis = 500
      }
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return onEnd()
      if (error instanceof Refused && error.status === 403) return onStanding({ state: "off", why: error.title })
    } finally {
      stopSilence()
      signal.removeEventListener("abort", end)
      line.abort()
    }
    await pause(waitMillis, signal)
    waitMillis = Math.min(waitMillis * 2, longestWaitMillis)
  }
}

/** Not every browser can iterate a stream. */
async function* chunksOf(body: ReadableStream<Uint8Array>) {
  const stream = body.getReader()
  for (;;) {
    const { done, value } = await stream.read()
    if (done) return
    yield value
  }
}

/** Ends early when the machine is back on a network. */
const pause = (millis: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const end = () => {
      stop()
      removeEventListener("online", end)
      resolve()
    }
    const stop = after(millis, end)
    addEventListener("online", end)
    signal.addEventListener("abort", end, { once: true })
  })
