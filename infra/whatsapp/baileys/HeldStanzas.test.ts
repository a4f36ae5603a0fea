import { assert, it } from "@effect/vitest"
import * as HeldStanzas from "./HeldStanzas.ts"

it("what would end this connection as well is not heard, but handed to whoever sets it aside", async () => {
  const done: Array<string> = []
  const stanzas = HeldStanzas.make({ isOpen: true } as never, {
    breach: () => void done.push("breach"),
    isCertain: ({ attrs }) => attrs.id === "bad"
  })
  for (const id of ["good", "bad"]) {
    const hear = async () => {
      done.push(`heard ${id}`)
      return { taken: Promise.resolve() }
    }
    stanzas.hold({ tag: "message", attrs: { id } }, hear, () => void done.push(`handed on ${id}`))
  }
  await new Promise((resolve) => setImmediate(resolve))
  assert.sameMembers(done, ["handed on bad", "heard good", "handed on good"])
})
