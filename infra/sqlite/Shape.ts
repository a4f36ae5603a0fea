import { DatabaseSync } from "node:sqlite"

const tables = "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
const columns = `SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?) ORDER BY cid`
const indexes = `SELECT "unique", origin, partial,
  (SELECT group_concat(coalesce(name, '')) FROM pragma_index_info(list.name)) AS columns
  FROM pragma_index_list(?) AS list ORDER BY columns, origin, partial`

/** Each table with its columns, keys and indexes. Names of indexes do not count. */
const shapeOf = (db: DatabaseSync): ReadonlyMap<string, string> => {
  const [columnsOf, indexesOf] = [db.prepare(columns), db.prepare(indexes)]
  return new Map(
    db
      .prepare(tables)
      .all()
      .map(({ name, strict, wr }) => {
        const table = name as string
        return [table, JSON.stringify([wr, strict, columnsOf.all(table), indexesOf.all(table)])]
      })
  )
}

/** Throws unless each table that `setUp` makes is in `db` as it makes it: with every column, key and index. */
export const refuseOtherShape = (db: DatabaseSync, setUp: (pristine: DatabaseSync) => void): void => {
  const pristine = new DatabaseSync(":memory:")
  try {
    setUp(pristine)
    const found = shapeOf(db)
    for (const [table, shape] of shapeOf(pristine)) {
      if (found.get(table) === shape) continue
      throw new Error(
        `its table ${table} has not the columns, keys and indexes of this release. Was it copied by hand, or does it belong to another release? Restore the whole file from a backup`
      )
    }
  } finally {
    pristine.close()
  }
}
