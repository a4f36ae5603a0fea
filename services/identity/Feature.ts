import { Layer } from "effect"
import { layer as identityLayer } from "./Identity.ts"
import * as OwnDatabase from "./OwnDatabase.ts"
import * as OwnKeys from "./OwnKeys.ts"
import { provenance } from "./Pepper.ts"

/** Who the log is and who writes to it, once it is certain that database and keys are this log's. */
export const layer = (region: string) =>
  OwnKeys.layer.pipe(
    Layer.provideMerge(OwnDatabase.layer),
    Layer.provideMerge(identityLayer),
    Layer.provideMerge(provenance(region))
  )
