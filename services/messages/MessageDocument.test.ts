import { assert, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { MessageId, SubjectId } from "#domain/Ids.ts"
import type { Sealed } from "#domain/Sealed.ts"
import { reveal, type SealedDocument } from "./MessageDocument.ts"

/** Sealed in name only: what is in the box can be read. */
const holding = (value: object) => ({ box: JSON.stringify(value) }) as Sealed
const personal = {
  sealFor: () => Effect.die("not asked for"),
  subjectOf: () => SubjectId.make("s".repeat(43)),
  reveal: ({ box }: Sealed) => Effect.succeed(box)
}
const to = { kind: "phone", address: "+15550100002" }
const revealed = (kind: string, content: object) =>
  reveal(personal, {
    id: MessageId.make("00000000-0000-8000-8000-000000000001"),
    recipients: [personal.subjectOf()],
    recipient: { kind: "phone", address: holding(to) },
    content: { kind, body: holding(content) }
  } as Partial<SealedDocument> as SealedDocument)

it.effect("content of a kind that this release does not know is not shown, and everything else is", () =>
  Effect.gen(function* () {
    const text = { type: "text", text: "hello" }
    assert.deepEqual<object>(yield* revealed("text", text), { to, content: text })
    assert.deepEqual<object>(yield* revealed("hologram", { type: "hologram", depth: 3 }), { to, content: undefined })
  })
)

it.effect("content of a kind that it knows is damaged if it is none", () =>
  Effect.gen(function* () {
    assert.isTrue(Exit.hasDies(yield* Effect.exit(revealed("text", { type: "text" }))))
  })
)
