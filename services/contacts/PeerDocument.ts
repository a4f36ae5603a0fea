import { Effect } from "effect"
import type { SubjectId } from "#domain/Ids.ts"
import { Inbound } from "#domain/inbound/Inbound.ts"
import type { SubjectKeysUnavailable } from "#domain/ports/SubjectKeys.ts"
import { addressJson, nameJson, type SealedFact } from "../inbound/FactDocument.ts"
import * as FactRows from "../inbound/FactRows.ts"
import * as ListedRows from "../messages/ListedRows.ts"
import { reveal, type SealedDocument } from "../messages/MessageDocument.ts"
import { Personal } from "../privacy/Personal.ts"
import * as ContactRows from "./ContactRows.ts"
import type { Peer } from "./PeerRows.ts"

/** Whom and what devices speak with, as it is shown: numbers and names are opened where an event has them. */

interface Address {
  readonly phone?: string
  readonly lid?: string
  readonly address?: string
}

export const make = Effect.gen(function* () {
  const personal = yield* Personal
  const facts = yield* FactRows.make
  const messages = yield* ListedRows.make
  const rows = yield* ContactRows.make

  const inFact = ({ event, id, received, tenant }: SealedFact, name: SubjectId) => {
    const place = { tenant, stream: Inbound.streamOf(id), event }
    const { chat, sender } = received
    return chat.names.includes(name)
      ? addressJson(personal, chat.address, place, "chat")
      : addressJson(personal, sender.address, place, "sender")
  }

  const inMessage = (document: SealedDocument) =>
    Effect.map(reveal(personal, document), ({ to }): Address => (to === undefined ? {} : { phone: to.address }))

  return Effect.fnUntraced(function* (peers: ReadonlyArray<Peer>) {
    const names = yield* rows.names(peers)
    const places = new Set([...names.map(({ position }) => position), ...peers.flatMap(({ named }) => named ?? [])])
    const factAt = new Map((yield* facts.at([...places])).map(({ fact, position }) => [position, fact]))
    const messageAt = new Map((yield* messages.at([...places])).map(({ document, position }) => [position, document]))
    const namesOf = Map.groupBy(names, ({ peer }) => peer)

    const addressed = ({ name, position }: (typeof names)[number]): Effect.Effect<Address, SubjectKeysUnavailable> => {
      const [fact, message] = [factAt.get(position), messageAt.get(position)]
      if (fact !== undefined) return inFact(fact, name)
      return message === undefined ? Effect.succeed({}) : inMessage(message)
    }

    return yield* Effect.forEach(
      peers,
      Effect.fnUntraced(function* ({ device, heard_at: lastHeardAt, id, kind, named, number }) {
        const own = namesOf.get(number) ?? []
        const address: Address = Object.assign({}, ...(yield* Effect.forEach(own, addressed)))
        const fact = named === null ? undefined : factAt.get(named)
        const name = fact && (yield* nameJson(personal, fact))
        return {
          id,
          device,
          kind,
          names: own.map(({ name }) => name),
          ...address,
          ...(name !== undefined && { name }),
          ...(lastHeardAt !== null && { lastHeardAt })
        }
      })
    )
  })
})
