import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Heard, HeardContent } from "#domain/inbound/Heard.ts"
import { undecryptable } from "#domain/inbound/Inbound.ts"
import { asOf, byPhone, type Item, recording, self, sentId, text } from "./testing/ChatsFixture.ts"

const shown = ({ contact: _, deletion, edit, reactions, votes, ...said }: Item & { readonly contact?: string }) => ({
  ...said,
  edit: edit?.fact,
  deletion: deletion?.fact,
  reactions: reactions.map(({ emoji, fact }) => [emoji, fact]),
  votes: votes.map(({ chosen, fact }) => [chosen, fact])
})

it.live("a chat as it was is what was read then: what counts no more does again, and what was not known is not", () =>
  Effect.gen(function* () {
    const { hear, personal, send } = yield* recording
    const say = (content: HeardContent, more: Partial<Heard> = {}) =>
      hear({ chat: byPhone, sender: byPhone, content, ...more })
    const first = { waMessageId: "F1", fromMe: false }
    const own = { waMessageId: sentId, fromMe: true }
    const events = [
      yield* say(text("one")),
      yield* send("two"),
      yield* say({ type: "reaction", target: own, emoji: "👍" }),
      yield* say({ type: "edit", target: first, content: text("ONE") }),
      yield* say({ type: "reaction", target: own, emoji: "🎉" }),
      yield* say({ type: "edit", target: first, content: text("One") }),
      yield* say({ type: undecryptable }, { waMessageId: "U" }),
      yield* hear({ chat: byPhone, sender: self, content: text("two"), waMessageId: sentId }),
      yield* say({ type: "reaction", target: own, emoji: "" }),
      yield* say({ type: "deletion", target: first }, { waMessageId: "U" }),
      yield* say(text("three"))
    ]
    const kinds = new Set<string>()
    yield* asOf(events, personal, (then, asOfThen, count) => {
      const [expected, found] = [then, asOfThen].map((chats) => chats.map((chat) => chat.map(shown)))
      assert.deepStrictEqual(found, expected, `after ${count}`)
      for (const item of found!.flat()) kinds.add(item.kind)
    })
    assert.include([...kinds], undecryptable)
  })
)
