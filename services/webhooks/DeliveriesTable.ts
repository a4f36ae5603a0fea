import { Effect } from "effect"
import type { Table } from "../tables/Tables.ts"

/**
 * `turn`: 0 waits for one before it in its chat, 1 is the first of its chat, 2 was asked for again and waits for nothing.
 * Instants are milliseconds.
 */
export const deliveries: Table = {
  name: "deliveries",
  create: (sql) =>
    Effect.all(
      [
        sql`CREATE TABLE deliveries (
          id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, event TEXT NOT NULL, stream TEXT NOT NULL, revision INTEGER NOT NULL,
          position BIGINT NOT NULL, type TEXT NOT NULL, chat TEXT NOT NULL, status TEXT NOT NULL, turn INTEGER NOT NULL,
          due BIGINT NOT NULL, tries INTEGER NOT NULL, attempts TEXT NOT NULL, recorded BIGINT NOT NULL)`,
        sql`CREATE INDEX deliveries_pending ON deliveries (endpoint, recorded) WHERE status = 'pending'`,
        sql`CREATE INDEX deliveries_due ON deliveries (endpoint, due) WHERE status = 'pending' AND turn > 0`,
        sql`CREATE INDEX deliveries_chat ON deliveries (endpoint, chat, status, position)`,
        sql`CREATE INDEX deliveries_order ON deliveries (endpoint, position)`,
        sql`CREATE INDEX deliveries_age ON deliveries (due) WHERE status <> 'pending'`
      ],
      { discard: true }
    ),
  migrations: [
    (sql) =>
      Effect.all(
        [
          sql`ALTER TABLE deliveries ADD COLUMN kind TEXT NOT NULL DEFAULT 'event'`,
          sql`ALTER TABLE deliveries ADD COLUMN asked BIGINT NOT NULL DEFAULT 0`,
          sql`CREATE INDEX deliveries_raw ON deliveries (stream) WHERE status = 'pending' AND kind = 'raw'`
        ],
        { discard: true }
      )
  ]
}

/** Who follows the log for deliveries of some sort has a place of its own in it. */
export const followers = { endpoints: 1, targets: 2 } as const
export type Follower = keyof typeof followers
