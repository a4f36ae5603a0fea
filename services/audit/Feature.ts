import { Effect, Layer } from "effect"
import { Crypto } from "#domain/ports/Crypto.ts"
import { Registrations } from "../views/Registrations.ts"
import * as AuditHttp from "./AuditHttp.ts"
import * as Heads from "./Heads.ts"
import * as Proofs from "./Proofs.ts"
import * as TreeRows from "./TreeRows.ts"
import * as Witnesses from "./Witnesses.ts"

/** What registers itself, to be written as rows. */
export const projections = Layer.effectDiscard(
  Effect.gen(function* () {
    const { sha256 } = yield* Crypto
    const { register } = yield* Registrations
    register({ rows: TreeRows.treeView(sha256) })
  })
)

/** Proves that nothing that was recorded was changed since a head of it was signed. */
export const layer = AuditHttp.layer.pipe(
  Layer.provideMerge(Witnesses.layer),
  Layer.provideMerge([Heads.layer, Proofs.layer])
)
