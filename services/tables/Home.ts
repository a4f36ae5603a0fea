import { Context, type Effect, Schema, type Scope } from "effect"
import type { SqlClient } from "effect/sql"

/** The database that tables and views stand in, in words for who runs it. */
export interface Where {
  readonly name: string
  /** What to do when a table there cannot be used, and nothing else gives back what it said. */
  readonly remedy: (table: string) => string
  /** An empty one that nobody sees: what a table looks like when it is whole. PostgreSQL has such a place itself. */
  readonly pristine: Effect.Effect<SqlClient.SqlClient, never, Scope.Scope> | undefined
}

/** Where the tables of this process are. Without it, on SQLite, no table is compared with what it should be. */
export const Home = Context.Reference<Where>("homing/services/tables/Home", {
  defaultValue: () => ({ name: "a database", remedy: () => "Make it anew", pristine: undefined })
})

/** A table is there, and is not what was written. `problem` never quotes what stands in it. */
export class TableUnfit extends Schema.TaggedError<TableUnfit>()("TableUnfit", {
  table: Schema.String,
  place: Schema.String,
  problem: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `the table ${this.table} in ${this.place} cannot be used: ${this.problem}. ${this.remedy}`
  }
}

export const unfit = ({ name, remedy }: Where, table: string, problem: string) =>
  new TableUnfit({ table, place: name, problem, remedy: remedy(table) })
