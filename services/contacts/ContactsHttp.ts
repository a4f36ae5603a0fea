import { Effect, Option, Schema, Stream } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { utf8 } from "#domain/Bytes.ts"
import { DeviceId, PeerId } from "#domain/Ids.ts"
import { Api } from "../api/Api.ts"
import { CurrentPrincipal } from "../api/Authorization.ts"
import { contactPageSizes } from "../api/ContactsApi.ts"
import { hears } from "../api/Principal.ts"
import { refuse } from "../http/Answer.ts"
import { cursorOf, positionOf } from "../http/Cursor.ts"
import { orProblem } from "../http/Foreseen.ts"
import { Identity } from "../identity/Identity.ts"
import { Personal } from "../privacy/Personal.ts"
import { readable } from "../views/Views.ts"
import * as ContactRows from "./ContactRows.ts"
import * as Csv from "./Csv.ts"
import * as PeerDocument from "./PeerDocument.ts"
import { person } from "./PeerRows.ts"

const flawed = (pointer: string, expected: string) =>
  refuse("invalid_request", { errors: [{ in: "query", pointer, expected }] })

const isDeviceId = Schema.is(DeviceId)
const isPeerId = Schema.is(PeerId)

const columns = ["id", "device", "phone", "lid", "name", "lastHeardAt"] as const
const rowsAtOnce = 200

/** The list that is wanted more than any other is JSON. */
const wantsCsv = (format: string | undefined, accept: string | undefined) =>
  format === undefined ? /^\s*text\/csv\s*(;|,|$)/i.test(accept ?? "") : format === "csv"

export const layer = HttpApiBuilder.group(
  Api,
  "contacts",
  Effect.fnUntraced(function* (handlers) {
    const { epoch } = yield* Identity
    const { subjectOf } = yield* Personal
    const rows = yield* ContactRows.make
    const document = yield* PeerDocument.make

    const shown = (peers: Parameters<typeof document>[0]) =>
      Effect.map(document(peers), (found) => found.map(({ address: _, kind: __, ...contact }) => contact))

    const list = Effect.fnUntraced(function* ({ limit, ...asked }: ContactRows.Asked) {
      const found = yield* rows.list({ ...asked, limit: limit + 1 })
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      return { items: yield* shown(page), next: last === undefined ? undefined : BigInt(last.number) }
    }, readable)

    /** As many as there are, a page in memory at a time. What fails under way breaks off. */
    const table = (asked: ContactRows.Asked) =>
      Stream.paginate(asked.after, (after: bigint | undefined) =>
        Effect.map(list({ ...asked, after, limit: rowsAtOnce }), ({ items, next }) => {
          const lines = items.map((item) => Csv.line(columns.map((column) => item[column] ?? "")))
          return [[utf8(lines.join(""))], next === undefined ? Option.none() : Option.some(next)] as const
        })
      ).pipe((pages) => Stream.concat(Stream.make(utf8(Csv.line(columns))), pages))

    return handlers
      .handle("list", ({ query: { after: cursor, device, format, lid, limit = contactPageSizes.default, phone } }) =>
        Effect.gen(function* () {
          const after = cursor === undefined ? undefined : positionOf(epoch, cursor)
          if (cursor !== undefined && after === undefined)
            return yield* flawed("/after", "the `next` of an earlier page")
          if (device !== undefined && !isDeviceId(device)) return yield* flawed("/device", "a device's id")
          const names = [
            ...(phone === undefined ? [] : [subjectOf("phone", `+${phone.replace(/^[+ ]/, "")}`)]),
            ...(lid === undefined ? [] : [subjectOf("lid", lid)])
          ]
          const asked = { device, devices: hears(yield* CurrentPrincipal), names, after, limit }
          const { headers } = yield* HttpServerRequest.HttpServerRequest
          if (wantsCsv(format, headers.accept)) {
            return HttpServerResponse.stream(table(asked), {
              contentType: Csv.contentType,
              headers: { "content-disposition": 'attachment; filename="contacts.csv"' }
            })
          }
          const { items, next } = yield* orProblem(list(asked))
          return { items, next: next === undefined ? null : cursorOf(epoch, next) }
        })
      )
      .handle("get", ({ params: { id } }) =>
        Effect.gen(function* () {
          const peer = isPeerId(id) ? yield* orProblem(readable(rows.find(id))) : undefined
          const devices = hears(yield* CurrentPrincipal)
          if (peer?.kind !== person || devices?.has(peer.device) === false) return yield* refuse("contact_not_found")
          const [contact] = yield* orProblem(readable(shown([peer])))
          return contact!
        })
      )
  })
)
