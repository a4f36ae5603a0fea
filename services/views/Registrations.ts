import { Context, Layer } from "effect"
import type { MemoryView } from "./MemoryView.ts"
import type { RowsView } from "./RowsView.ts"

/** Rows, and what is kept in memory of the same events, if anything is. */
export interface Projection {
  readonly rows: RowsView
  readonly memory?: MemoryView
}

/** The projections of this process. Each registers itself, before any of them is written or followed. */
export class Registrations extends Context.Service<
  Registrations,
  {
    readonly register: (projection: Projection) => void
    readonly all: () => ReadonlyArray<Projection>
  }
>()("homing/services/views/Registrations") {
  static readonly layer = Layer.sync(this, () => {
    const projections: Array<Projection> = []
    return { register: (projection) => void projections.push(projection), all: () => projections }
  })
}
