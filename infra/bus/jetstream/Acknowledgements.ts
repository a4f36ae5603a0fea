import { Effect } from "effect"
import type { Connection } from "./Connection.ts"
import type { Tuning } from "./Tuning.ts"

const encoder = new TextEncoder()
const acknowledged = encoder.encode("+ACK")
const notAcknowledged = encoder.encode("-NAK")

/** What names one delivery to the server, and the server's life in which it was made. */
export interface Delivery {
  readonly reply: string
  readonly server: string
}

/**
 * Tells the server what became of deliveries. An acknowledgement is asked for confirmation, and once again if none
 * comes; the receiver does not wait for it, because what is not confirmed only comes again. None is given to another life
 * of the server: its numbers may name other envelopes.
 */
export const make = (connection: Connection, tuning: Pick<Tuning, "request">) =>
  Effect.gen(function* () {
    const underWay = new Set<Promise<void>>()

    const confirm = async ({ reply, server }: Delivery) => {
      for (let tries = 0; tries < 2; tries++) {
        try {
          await connection.alive(server)?.request(reply, acknowledged, { timeout: tuning.request })
          return
        } catch {
          // not confirmed: asked again, then it comes again
        }
      }
    }

    yield* Effect.addFinalizer(() =>
      Effect.ignore(
        Effect.timeout(
          Effect.promise(() => Promise.all(underWay)),
          "2 seconds"
        )
      )
    )

    return {
      acknowledge: (delivery: Delivery): void => {
        const confirmed: Promise<void> = confirm(delivery).finally(() => underWay.delete(confirmed))
        underWay.add(confirmed)
      },
      /** It comes again at once, to whoever asks next. */
      giveBack: ({ reply, server }: Delivery): void => {
        const nc = connection.alive(server)
        if (nc !== undefined && !nc.isClosed()) nc.publish(reply, notAcknowledged)
      }
    }
  })
export type Acknowledgements = Effect.Success<ReturnType<typeof make>>
