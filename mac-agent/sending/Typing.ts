import { Clock, Effect } from "effect"
import { toMillis } from "#domain/Instant.ts"
import type { LedgerEntry } from "#domain/ports/Ledger.ts"
import { WhatsApp } from "#domain/ports/WhatsApp.ts"

/** As quick as somebody who types well: a text is about as long as what it is encoded as. */
const millisPerByte = 60
/** A message whose time is shorter than so many times the writing is sent at once. */
const hasTimeFor = 10

export interface Typing {
  /** Whether somebody is to be seen writing before a message is tried for the first time. */
  readonly precedes: boolean
  /** Shows it; answers whether the writing is over, which it is not when the agent stops: nothing has begun then. */
  readonly show: (entry: LedgerEntry) => Effect.Effect<boolean>
  readonly stop: () => void
}

/** Before anything is written down of a try: whoever dies meanwhile leaves a message that was never tried. */
export const make = Effect.fnUntraced(function* (mostMillis: number) {
  const whatsapp = yield* WhatsApp
  const stops = new Set<() => void>()
  let isStopped = false

  const pause = (millis: number) =>
    Effect.callback<boolean>((resume) => {
      const end = () => resume(Effect.succeed(false))
      if (isStopped) return end()
      stops.add(end)
      return Effect.sync(() => stops.delete(end))
    }).pipe(Effect.raceFirst(Effect.as(Effect.sleep(millis), true)))

  const typing: Typing = {
    precedes: mostMillis > 0,
    show: ({ bytes, device, expiresAt, to }) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const millis = Math.min(mostMillis, bytes.length * millisPerByte)
        if (toMillis(expiresAt) - now < millis * hasTimeFor) return Effect.succeed(true)
        const shown = Effect.catchDefect(whatsapp.typing(device, to), () => Effect.void)
        return Effect.andThen(shown, pause(millis))
      }),
    stop: () => {
      isStopped = true
      for (const stop of [...stops]) stop()
    }
  }
  return typing
})
