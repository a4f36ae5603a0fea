import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Api } from "../api/Api.ts"
import { conversationPageSizes } from "../api/ConversationsApi.ts"
import { refuse } from "../http/Answer.ts"
import { orProblem } from "../http/Foreseen.ts"
import { Personal } from "../privacy/Personal.ts"
import { AskingHome } from "./AskingHome.ts"
import * as Conversations from "./Conversations.ts"

const flawed = refuse("invalid_request", {
  errors: [{ in: "query", pointer: "/after", expected: "the `next` of an earlier page" }]
})

export const layer = HttpApiBuilder.group(
  Api,
  "conversations",
  Effect.fnUntraced(function* (handlers) {
    const conversation = yield* Conversations.make
    const home = yield* AskingHome
    const { subjectOf } = yield* Personal

    return handlers.handle("get", ({ query: { after, from, limit = conversationPageSizes.default, phone } }) =>
      Effect.gen(function* () {
        const before = after === undefined ? undefined : Conversations.placeOf(after)
        if (after !== undefined && before === undefined) return yield* flawed
        if (conversation === undefined) {
          if (from === undefined || home === undefined) return yield* refuse("not_home")
          return yield* orProblem(home({ after, limit, phone }))
        }
        const person = subjectOf("phone", `+${phone.replace(/^[+ ]/, "")}`)
        return yield* orProblem(conversation({ person, before, limit }))
      })
    )
  })
)
