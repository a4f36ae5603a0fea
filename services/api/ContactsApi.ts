import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, CountsAs, RequiredScope, ShowsViews, WrittenDown } from "./Authorization.ts"
import { lid, names, phone, shownToReaders } from "./Facts.ts"
import { instant, nullable, text, uuid } from "./Members.ts"
import { paging, pagingAs } from "./Paging.ts"
import { anywhere, Problem } from "./Problems.ts"

const Contact = Schema.Struct({
  id: uuid("The contact's; it stays the same when another name of theirs is learned."),
  device: uuid("The device that speaks with them."),
  names,
  phone,
  lid,
  name: Schema.optionalKey(text(`As they called themselves last. ${shownToReaders}`)),
  lastHeardAt: Schema.optionalKey(
    instant("When they were heard last, by the clock of whoever heard it; absent where they were written to alone.")
  )
}).annotate({ identifier: "Contact", description: "A person whom a device has heard or written to." })

const ContactPage = Schema.Struct({
  items: Schema.Array(Contact).annotate({ description: "Those met last first." }),
  next: nullable(Schema.String, "The `after` of the next page; `null` on the last.")
}).annotate({ identifier: "ContactPage", description: "Some of the contacts." })

/** Of a page of contacts. */
export const contactPageSizes = { minimum: 1, maximum: 200, default: 50 } as const

const word255 = Schema.String.check(Schema.isMaxLength(255))

/** A + in a query is a space to whoever reads it. */
const internationally = Schema.String.check(Schema.isPattern(/^[+ ]?[1-9]\d{6,14}$/, { message: "expected a number" }))

const whose =
  "Of the devices that the key's client was given by a list of its own; of every device with messages:read:all."

export class ContactsApi extends HttpApiGroup.make("contacts")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: {
        device: Schema.optionalKey(word255.annotate({ description: "Only those of this device." })),
        phone: Schema.optionalKey(
          internationally.annotate({ description: "Only who has this number, with country code; with or without `+`." })
        ),
        lid: Schema.optionalKey(
          Schema.String.check(Schema.isPattern(/^\d{1,24}$/, { message: "expected digits" })).annotate({
            description: "Only who has this LID."
          })
        ),
        format: Schema.optionalKey(
          Schema.Literals(["json", "csv"]).annotate({
            description: "`csv`: all of them, as a table (RFC 4180); so it is with `Accept: text/csv`. Without: `json`."
          })
        ),
        ...paging(contactPageSizes)
      },
      success: [ContactPage, Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/csv" }))],
      error: anywhere
    })
      .annotate(ShowsViews, "rows")
      .annotate(...pagingAs(contactPageSizes))
      .annotate(OpenApi.Summary, "Whom devices speak with; `next` is the `after` of the next page")
      .annotate(OpenApi.Description, whose),
    HttpApiEndpoint.get("get", "/:id", {
      params: { id: uuid("The contact's id, or that of one who turned out to be the same.") },
      success: Contact,
      error: [...anywhere, Problem("contact_not_found")]
    })
      .annotate(ShowsViews, "rows")
      .annotate(OpenApi.Summary, "A contact")
      .annotate(OpenApi.Description, whose)
  )
  .annotateEndpoints(RequiredScope, ["messages:read"])
  .annotateEndpoints(CountsAs, "messages")
  .annotateEndpoints(WrittenDown, { deed: "read", of: "contacts" })
  .middleware(Authorization)
  .prefix("/v1/contacts")
  .annotate(OpenApi.Description, "The people whom devices have heard or written to.") {}
