import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Authorization, RequiredScope } from "./Authorization.ts"
import { parameterAs } from "./Document.ts"
import { count, instant, nullable, text } from "./Members.ts"
import { wholeNumber } from "./Paging.ts"
import { anywhere, Problem } from "./Problems.ts"

const hashText = (description: string) => Schema.String.annotate({ description, contentEncoding: "base64" })

export const AuditHead = Schema.Struct({
  origin: text("The log's own name, which stands in the note."),
  size: count("How many events the tree holds."),
  root: hashText("The root over them, 32 bytes."),
  signedAt: instant("When it was signed."),
  note: text("What was signed, as a C2SP note: the log's signature, and those of the witnesses that have seen it."),
  keys: Schema.Array(text("A verifier key, as C2SP writes it.")).annotate({
    description: "The log's public keys, the one that signs now first. Believe those that you were told, not these."
  })
}).annotate({ identifier: "AuditHead", description: "A signed tree head." })

const AuditWitness = Schema.Struct({
  agent: text("Which agent."),
  size: count("Of the newest head that it cosigned, as it says."),
  cosignedAt: nullable(instant("A moment."), "When it last cosigned one that was taken; `null`: never."),
  contradiction: nullable(
    Schema.Struct({
      reason: Schema.Literals(["forked", "rolled_back", "alone"]).annotate({
        description: "How the two differ; `alone`: they need not, but another witness has been silent for a day."
      }),
      at: instant("When it was told."),
      offered: text("The head that it did not cosign, as a note."),
      cosigned: text("The head that it, or another witness, had cosigned, as a note.")
    }).annotate({ identifier: "AuditContradiction", description: "Two heads, both signed by the log." }),
    "Why it cosigns nothing now; `null`: it does."
  )
}).annotate({ identifier: "AuditWitness", description: "An agent as a witness of the log." })

const AuditWitnesses = Schema.Struct({
  items: Schema.Array(AuditWitness).annotate({ description: "One for each agent that has said something." })
}).annotate({ identifier: "AuditWitnesses", description: "Who watches the log." })

const InclusionProof = Schema.Struct({
  index: count("Which leaf it is, counted from 0."),
  entry: text("What the leaf is made of: canonical JSON of the event as it is stored, sealed where that is."),
  path: Schema.Array(hashText("A hash.")).annotate({
    description: "What stands beside the way to the root, from below."
  })
}).annotate({ identifier: "InclusionProof", description: "That an event is a leaf of the tree." })

export const InclusionProofs = Schema.Struct({
  head: AuditHead,
  items: Schema.Array(InclusionProof).annotate({ description: "One for each event, in the log's order." })
}).annotate({ identifier: "InclusionProofs", description: "Proofs, and the head that they lead to." })

const ConsistencyProof = Schema.Struct({
  from: count("The size of the smaller tree."),
  to: count("The size of the larger one."),
  fromRoot: hashText("The root of the smaller tree."),
  toRoot: hashText("The root of the larger one."),
  path: Schema.Array(hashText("A hash.")).annotate({ description: "The proof, as RFC 6962 orders it." })
}).annotate({ identifier: "ConsistencyProof", description: "That one tree begins with all that another one holds." })

const AuditEntry = Schema.Struct({
  index: count("Which leaf it is, counted from 0."),
  entry: nullable(Schema.String, "What the log holds there; `null` where it ends before."),
  leaf: nullable(Schema.String, "The hash that the tree holds there, in hexadecimal; `null` where it ends before."),
  link: nullable(Schema.String, "The chain's link there.")
}).annotate({ identifier: "AuditEntry", description: "An event as it is stored, and what was noted of it." })

const AuditEntries = Schema.Struct({
  items: Schema.Array(AuditEntry).annotate({ description: "In the log's order." })
}).annotate({ identifier: "AuditEntries", description: "A stretch of the log, for whoever verifies it." })

export const entryPages = { minimum: 1, maximum: 500, default: 500 } as const
const sizes = { minimum: 0, maximum: 999_999_999 } as const

const unproven = [
  ...anywhere,
  Problem("starting"),
  Problem("audit_contradiction"),
  Problem("audit_entry_not_found")
] as const

const part = text("A part of a tile's name.")
const tile = Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array({ contentType: "application/octet-stream" }))
const named = (
  name: "tile1" | "tile2" | "tile3" | "tile4",
  path: `/${string}`,
  params: Record<string, Schema.String>
) => HttpApiEndpoint.get(name, path, { params, success: tile, error: unproven })

export class AuditApi extends HttpApiGroup.make("audit")
  .add(
    HttpApiEndpoint.get("head", "/head", { success: AuditHead, error: unproven }).annotate(
      OpenApi.Summary,
      "The newest signed tree head"
    ),
    HttpApiEndpoint.get("checkpoint", "/checkpoint", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain" })),
      error: unproven
    }).annotate(OpenApi.Summary, "The same as a note alone, where C2SP tlog-tiles has it"),
    HttpApiEndpoint.get("witnesses", "/witnesses", { success: AuditWitnesses, error: unproven }).annotate(
      OpenApi.Summary,
      "What the agents have cosigned of the log, and what they refused"
    ),
    HttpApiEndpoint.get("inclusion", "/proofs/inclusion", {
      query: {
        message: Schema.optionalKey(Schema.String.annotate({ description: "Every event of this message." })),
        cursor: Schema.optionalKey(Schema.String.annotate({ description: "The event with this `cursor`." })),
        index: wholeNumber(sizes)
      },
      success: InclusionProofs,
      error: unproven
    })
      .annotate(OpenApi.Transform, parameterAs("index", { type: "integer", ...sizes, description: "This leaf." }))
      .annotate(OpenApi.Summary, "Proves that events are in the tree; by message, cursor or index"),
    HttpApiEndpoint.get("consistency", "/proofs/consistency", {
      query: { from: wholeNumber(sizes), to: wholeNumber(sizes) },
      success: ConsistencyProof,
      error: unproven
    })
      .annotate(OpenApi.Transform, (made) =>
        parameterAs("from", { type: "integer", ...sizes, description: "A size; without, 1." })(
          parameterAs("to", { type: "integer", ...sizes, description: "A size; without, that of the newest head." })(
            made
          )
        )
      )
      .annotate(OpenApi.Summary, "Proves that the tree only grew between two sizes"),
    HttpApiEndpoint.get("entries", "/entries", {
      query: { from: wholeNumber(sizes), limit: wholeNumber(entryPages) },
      success: AuditEntries,
      error: unproven
    })
      .annotate(OpenApi.Transform, (made) =>
        parameterAs("from", { type: "integer", ...sizes, description: "The first leaf; without, 0." })(
          parameterAs("limit", { type: "integer", ...entryPages, description: "How many at most." })(made)
        )
      )
      .annotate(OpenApi.Summary, "The log as it is stored, for whoever verifies it"),
    named("tile1", "/tile/:level/:a", { level: part, a: part }).annotate(
      OpenApi.Summary,
      "A tile of hashes, under its C2SP name"
    ),
    named("tile2", "/tile/:level/:a/:b", { level: part, a: part, b: part }).annotate(OpenApi.Summary, "The same"),
    named("tile3", "/tile/:level/:a/:b/:c", { level: part, a: part, b: part, c: part }).annotate(
      OpenApi.Summary,
      "The same"
    ),
    named("tile4", "/tile/:level/:a/:b/:c/:d", { level: part, a: part, b: part, c: part, d: part }).annotate(
      OpenApi.Summary,
      "The same"
    )
  )
  .annotateEndpoints(RequiredScope, ["audit:read"])
  .middleware(Authorization)
  .prefix("/v1/audit")
  .annotate(OpenApi.Description, "What proves that nothing that was recorded was changed, left out or put in.") {}
