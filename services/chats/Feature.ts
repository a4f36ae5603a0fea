import { Effect, Layer } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import * as ContactsHttp from "../contacts/ContactsHttp.ts"
import { Registrations } from "../views/Registrations.ts"
import * as ChatsHttp from "./ChatsHttp.ts"
import * as ChatsRows from "./ChatsRows.ts"

/** What registers itself, to be written as rows. Those of contacts are among them: who is who is decided once. */
export const projections = Layer.effectDiscard(
  Effect.gen(function* () {
    const { register } = yield* Registrations
    register({ rows: ChatsRows.view(yield* Crypto) })
  })
)

export const layer = Layer.mergeAll(ContactsHttp.layer, ChatsHttp.layer)
