import { Cause, Effect } from "effect"
import { examine, flaws, type Judgement } from "#domain/evidence/Evidence.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import type { MessageHistory } from "#services/api/MessagesApi.ts"
import { NoVerifying, webCrypto } from "./WebCrypto.ts"

/** Checks here what the gateway says was signed. Rejects with `NoVerifying` where the browser cannot. */
export const verified = (history: typeof MessageHistory.Type): Promise<Judgement> =>
  Effect.runPromise(
    examine(history, history.keys).pipe(
      Effect.provideService(Crypto, webCrypto),
      Effect.catchCause((cause) => {
        const why = Cause.squash(cause)
        const { name } = why instanceof Error ? why : { name: "" }
        if (why instanceof NoVerifying) return Effect.fail(why)
        if (name === "NotSupportedError")
          return Effect.fail(new NoVerifying("This browser does not know Ed25519: a newer one does."))
        return Effect.die(why)
      })
    )
  )

export { flaws }
