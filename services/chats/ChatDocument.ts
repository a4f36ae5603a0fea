import { Effect } from "effect"
import { failureCode } from "#domain/message/Status.ts"
import { present, type SealedFact } from "../inbound/FactDocument.ts"
import * as FactRows from "../inbound/FactRows.ts"
import * as ListedRows from "../messages/ListedRows.ts"
import { reveal, type SealedDocument, statusOfDocument } from "../messages/MessageDocument.ts"
import { errorJson } from "../messages/MessageJson.ts"
import { Personal } from "../privacy/Personal.ts"
import type { Change, Folded } from "./Folding.ts"
import * as PastEntries from "./PastEntries.ts"

type ShownFact = Effect.Success<ReturnType<typeof present>>

/** An entry as it is shown, with what was done to it. `contactOf`: the id of whoever said or did something. */
export const make = Effect.gen(function* () {
  const personal = yield* Personal
  const facts = yield* FactRows.make
  const messages = yield* ListedRows.make
  const past = yield* PastEntries.make

  const ofMessage = Effect.fnUntraced(function* (document: SealedDocument) {
    const { content } = yield* reveal(personal, document)
    const { content: sealed, createdAt: recordedAt, id, reports, waMessageId } = document
    const status = statusOfDocument(document)
    const code = status === "failed" ? failureCode(reports) : undefined
    return {
      id: id as string,
      origin: "sent",
      fromMe: true,
      ...(waMessageId !== undefined && { waMessageId }),
      status,
      ...(code !== undefined && { error: errorJson(code) }),
      kind: sealed.kind,
      ...(content !== undefined && { content }),
      recordedAt
    }
  })

  const ofFact = ({ chat: _, device: __, heardAt: ___, target: ____, ...shown }: ShownFact) => {
    const { fromMe, sender, ...rest } = shown
    return { origin: "heard", ...rest, fromMe, ...(!fromMe && { sender }) }
  }

  return Effect.fnUntraced(function* (
    folded: ReadonlyArray<Folded>,
    contactOf: (author: number) => string | undefined,
    upTo?: bigint
  ) {
    const changes = folded.flatMap(({ deletion, echoes, edit, reactions, votes }) => [
      ...reactions.shown,
      ...votes.shown,
      ...echoes,
      ...(edit === undefined ? [] : [edit]),
      ...(deletion === undefined ? [] : [deletion])
    ])
    const places = folded.map(({ entry }) => entry.position)
    const found = yield* past.facts(yield* facts.at([...places, ...changes.map(({ position }) => position)]), upTo)
    const factAt = new Map(found.map(({ fact, position }) => [position, fact]))
    const sent = yield* past.messages(yield* messages.at(places), upTo)
    const messageAt = new Map(sent.map(({ document, position }) => [position, document]))

    const contact = (author: number) => {
      const id = contactOf(author)
      return id === undefined ? {} : { contact: id }
    }

    /** What a change says, and by whom. */
    const opened = Effect.fnUntraced(function* (change: Change) {
      const sealed = factAt.get(change.position)
      if (sealed === undefined) return []
      const { content, fromMe, id, recordedAt, sender } = yield* present(personal, sealed)
      const by = { fact: id, fromMe, ...contact(change.author), ...(!fromMe && { sender }), recordedAt }
      return [{ content, by }]
    })
    const each = (changes: ReadonlyArray<Change>) => Effect.map(Effect.forEach(changes, opened), (all) => all.flat())

    const shownEntry = ({ author, position }: Folded["entry"]) => {
      const message = messageAt.get(position)
      if (message !== undefined) return ofMessage(message)
      const fact: SealedFact | undefined = factAt.get(position)
      return fact === undefined
        ? Effect.succeed(undefined)
        : Effect.map(present(personal, fact), (shown) => ({ ...ofFact(shown), ...contact(author) }))
    }

    const shown = Effect.fnUntraced(function* ({ entry, ...folded }: Folded) {
      const said = yield* shownEntry(entry)
      if (said === undefined) return []
      const reactions = yield* each(folded.reactions.shown)
      const votes = yield* each(folded.votes.shown)
      const [edit] = folded.edit === undefined ? [] : yield* opened(folded.edit)
      const [deletion] = folded.deletion === undefined ? [] : yield* opened(folded.deletion)
      const echoes = yield* each(folded.echoes)
      const { content: own, kind: ownKind, ...rest } = said
      const edited = edit?.content?.type === "edit" ? edit.content.content : undefined
      const kind = edited?.type ?? ownKind
      const content = edit === undefined ? own : edited // what was edited says no more what it said
      const all = [...echoes, ...(edit ? [edit] : []), ...(deletion ? [deletion] : []), ...reactions, ...votes]
      const ids = all.map(({ by }) => by.fact)
      return [
        {
          ...rest,
          kind,
          ...(deletion === undefined && content !== undefined && { content }),
          ...(edit && { edit: { fact: edit.by.fact, recordedAt: edit.by.recordedAt } }),
          ...(deletion && {
            deletion: {
              fact: deletion.by.fact,
              ...(folded.deletion?.kind === "admin_deletion" && { byAdmin: true }),
              recordedAt: deletion.by.recordedAt
            }
          }),
          reactions: reactions.flatMap(({ by, content }) =>
            content?.type === "reaction" && content.emoji !== "" ? [{ ...by, emoji: content.emoji }] : []
          ),
          votes: votes.map(({ by, content }) => ({
            ...by,
            ...(content?.type === "vote" && content.chosen !== undefined && { chosen: content.chosen })
          })),
          ...(folded.reactions.older > 0 && { olderReactions: folded.reactions.older }),
          ...(folded.votes.older > 0 && { olderVotes: folded.votes.older }),
          facts: [...(said.origin === "heard" ? [said.id] : []), ...ids]
        }
      ]
    })

    const items = yield* Effect.forEach(folded, shown)
    return items.flat()
  })
})
