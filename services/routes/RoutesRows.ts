import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { EventId, TargetId, TenantId } from "#domain/Ids.ts"
import { AppRoutes, Table } from "#domain/meta/AppRoutes.ts"
import { RoutedSource } from "#domain/meta/RoutedSource.ts"
import { noRoutes } from "#domain/meta/Routing.ts"
import { type Configuration, Target } from "#domain/meta/Target.ts"
import type { RecordedEvent } from "#domain/Recorded.ts"
import type { RowsView } from "../views/RowsView.ts"

const Record = Schema.Struct({
  app: RoutedSource,
  tenant: TenantId,
  routes: Table,
  /** The event that set them last; `null`: none has. */
  version: Schema.NullOr(EventId),
  /** What the environment said that was taken last, as a keyed digest. */
  taken: Schema.NullOr(Schema.String),
  targets: Schema.Array(Target),
  /** Whose keys are to be gone. */
  removed: Schema.Array(TargetId)
})
type Record = typeof Record.Type

/** Where what an app hears goes, as its stream tells it; what is sealed still is. */
export interface RoutesRecord extends Configuration, Pick<Record, "app" | "tenant" | "taken" | "removed" | "version"> {}
export type RoutesRecords = ReadonlyMap<RoutedSource, RoutesRecord>

/** What an event makes of it. */
export const evolve = (before: RoutesRecord | undefined, recorded: RecordedEvent): RoutesRecord => {
  const { eventId, metadata, stream } = recorded
  const { occurredAt, tenant } = metadata
  const app = AppRoutes.idOf(stream)
  const record = before ?? {
    app,
    tenant,
    routes: noRoutes,
    version: null,
    taken: null,
    targets: new Map(),
    removed: []
  }
  const aim = { aimedBy: eventId, aimedAt: occurredAt }
  const event = AppRoutes.read(recorded)
  if (event.type === "routes.set") {
    const { taken = record.taken, ...routes } = event.data
    return { ...record, routes, version: eventId, taken }
  }
  if (event.type === "routes.target_added") {
    const { secret, ...added } = event.data
    const secrets = [{ ...secret, sealedBy: eventId, until: null }]
    const target = { ...added, ...aim, app, urlBy: eventId, secrets, disabled: null, createdAt: occurredAt }
    return { ...record, targets: new Map(record.targets).set(added.name, target) }
  }
  const target = [...record.targets.values()].find(({ id }) => id === event.data.id)
  if (target === undefined) return record
  const put = (changes: Partial<Target>) => ({
    ...record,
    targets: new Map(record.targets).set(target.name, { ...target, ...changes })
  })
  switch (event.type) {
    case "routes.target_changed": {
      const { id, region, ...others } = event.data
      const moved = others.url === undefined ? {} : { ...aim, urlBy: eventId }
      const { region: before, ...rest } = target
      const where = region === undefined ? before : (region ?? undefined)
      const changed = { ...rest, ...others, ...moved, ...(where !== undefined && { region: where }) }
      return { ...record, targets: new Map(record.targets).set(target.name, changed) }
    }
    case "routes.target_secret_rotated": {
      const { secret, until } = event.data
      const [newest] = target.secrets
      const former = newest === undefined ? [] : [{ ...newest, until }]
      return put({ secrets: [{ ...secret, sealedBy: eventId, until: null }, ...former] })
    }
    case "routes.target_disabled":
      return put({ disabled: event.data.reason })
    case "routes.target_enabled":
      return put({ ...aim, disabled: null })
    case "routes.target_removed": {
      const targets = new Map(record.targets)
      targets.delete(target.name)
      return { ...record, targets, removed: [...record.removed, target.id] }
    }
  }
}

/** What an event makes of what is known. */
export const put = (records: Map<RoutedSource, RoutesRecord>, event: RecordedEvent): void => {
  const app = AppRoutes.idOf(event.stream)
  records.set(app, evolve(records.get(app), event))
}

const decode = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ record: Schema.fromJsonString(Record) })))
const recordsIn = (rows: unknown): ReadonlyArray<RoutesRecord> =>
  decode(rows).map(({ record }) => ({
    ...record,
    targets: new Map(record.targets.map((target) => [target.name, target]))
  }))
const written = (record: RoutesRecord) => JSON.stringify({ ...record, targets: [...record.targets.values()] })

/** One row per app. There are few, and what changes one is rare. */
export const view: RowsView = {
  name: "routes",
  version: 2,
  categories: [AppRoutes.category],
  tables: [
    {
      name: "routes",
      filledBy: "routes.target_added",
      sealed: { columns: "id, record", idOf: ({ stream }) => AppRoutes.idOf(stream) }
    }
  ],
  setup: (sql) => sql`CREATE TABLE routes (id TEXT PRIMARY KEY, record TEXT NOT NULL)`,
  writer: () => ({
    apply: Effect.fnUntraced(function* (sql, events) {
      for (const event of events) {
        const id = AppRoutes.idOf(event.stream)
        const [before] = recordsIn(yield* sql`SELECT record FROM routes WHERE id = ${id}`)
        yield* sql`INSERT INTO routes (id, record) VALUES (${id}, ${written(evolve(before, event))})
          ON CONFLICT (id) DO UPDATE SET record = excluded.record`
      }
    })
  })
}

export const all = (sql: SqlClient.SqlClient) => Effect.map(sql`SELECT record FROM routes ORDER BY id`, recordsIn)
