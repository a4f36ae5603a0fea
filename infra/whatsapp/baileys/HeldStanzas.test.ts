import { assert, it } from "@effect/vitest"
import * as HeldStanzas from "./HeldStanzas.ts"
import { mostOpened } from "./Opened.ts"

it("what would end this connection as well is not heard, but handed to whoever sets it aside", async () => {
  const done: Array<string> = []
  const stanzas = HeldStanzas.make({ isOpen: true } as never, {
    breach: () => void done.push("breach"),
    isCertain: ({ attrs }) => attrs.id === "bad"
  })
  for (const id of ["good", "bad"]) {
    const hear = async () => {
      done.push(`heard ${id}`)
      return { taken: Promise.resolve(true) }
    }
    stanzas.hold({ tag: "message", attrs: { id } }, hear, () => void done.push(`handed on ${id}`))
  }
  await new Promise((resolve) => setImmediate(resolve))
  assert.sameMembers(done, ["handed on bad", "heard good", "handed on good"])
})

it("what nobody will hold is not handed on; what comes behind it is, however much that is", async () => {
  const ids = Array.from({ length: 2 * mostOpened }, (_, n) => String(n))
  const done: Array<string> = []
  const stanzas = HeldStanzas.make({ isOpen: true } as never, {
    breach: (cause) => assert.fail(String(cause)),
    isCertain: () => false
  })
  for (const id of ids) {
    stanzas.hold(
      { tag: "message", attrs: { id } },
      async () => ({ taken: Promise.resolve(id !== "1") }),
      () => void done.push(id)
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepStrictEqual(
    done,
    ids.filter((id) => id !== "1")
  )
})

it("a stanza that cannot be handed on is told, and those behind it are", async () => {
  const done: Array<string> = []
  const stanzas = HeldStanzas.make({ isOpen: true } as never, {
    breach: (_, { attrs }) => void done.push(`breach ${attrs.id}`),
    isCertain: () => false
  })
  for (const id of ["bad", "good"]) {
    stanzas.hold(
      { tag: "message", attrs: { id } },
      async () => ({ taken: Promise.resolve(true) }),
      async () => {
        if (id === "bad") throw new Error("odd")
        done.push(`handed on ${id}`)
      }
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepStrictEqual(done, ["breach bad", "handed on good"])
})
