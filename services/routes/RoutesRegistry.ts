import { Context, Effect, Layer } from "effect"
import type { RoutedSource } from "#domain/meta/RoutedSource.ts"
import { Registrations } from "../views/Registrations.ts"
import * as RoutesRows from "./RoutesRows.ts"

/** Routes and targets of every app, in memory: what each of them hears is held against its own. */
export class RoutesRegistry extends Context.Service<RoutesRegistry, RoutesRows.RoutesRecords>()(
  "homing/services/routes/RoutesRegistry"
) {
  static readonly layer = Layer.effect(
    this,
    Effect.map(Registrations, ({ register }) => {
      const records = new Map<RoutedSource, RoutesRows.RoutesRecord>()
      register({
        rows: RoutesRows.view,
        memory: {
          hydrate: (sql) =>
            Effect.map(RoutesRows.all(sql), (all) => {
              for (const record of all) records.set(record.app, record)
            }),
          follow: (events) => {
            for (const event of events) RoutesRows.put(records, event)
          }
        }
      })
      return records
    })
  )
}
