import { assert, it } from "@effect/vitest"
import { type Change, fold, mostShown } from "./Folding.ts"

const of = { waMessageId: "A1", fromMe: false }
const entry = { ...of, position: 1n, author: 1, isFirst: true }
const by = (author: number, kind: Change["kind"]): Change => ({ ...of, kind, author, position: BigInt(author) })

it("of what many have done to a message the last are shown, and how many there are before them is told", () => {
  const people = Array.from({ length: mostShown + 3 }, (_, n) => n + 10)
  const changes = people.flatMap((author) => [by(author, "reaction"), by(author, "vote")])
  const edit = { ...by(entry.author, "edit"), position: 2n }
  const [folded] = fold([entry], [edit, ...changes], { isGroup: true })
  for (const { older, shown } of [folded!.reactions, folded!.votes]) {
    assert.strictEqual(older, 3)
    assert.deepStrictEqual(
      shown.map(({ author }) => author),
      people.slice(3)
    )
  }
  assert.strictEqual(folded!.edit, edit)
})
