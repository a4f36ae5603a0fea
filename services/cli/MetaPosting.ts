import { createHmac } from "node:crypto"
import { Effect } from "effect"

const patienceMillis = 15_000

/** As Meta signs: with the app's secret, over the bytes that are sent. */
export const signatureOf = (secret: string, body: string): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`

export interface Answered {
  /** 0: nobody answered. */
  readonly status: number
  readonly text: string
  readonly millis: number
}

/** Posts as Meta does, whatever comes of it. */
export const post = (address: string, body: string, signature: string): Effect.Effect<Answered> =>
  Effect.suspend(() => {
    const begun = performance.now()
    const headers = {
      "content-type": "application/json",
      "x-hub-signature-256": signature,
      "user-agent": "facebookexternalua"
    }
    return Effect.promise(async () => {
      const signal = AbortSignal.timeout(patienceMillis)
      const answer = await fetch(address, { method: "POST", headers, body, signal })
      return { status: answer.status, text: await answer.text() }
    }).pipe(
      Effect.catchDefect((problem) => Effect.succeed({ status: 0, text: String(problem) })),
      Effect.map((answer) => ({ ...answer, millis: Math.round(performance.now() - begun) }))
    )
  })
