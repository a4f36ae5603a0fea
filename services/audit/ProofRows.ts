import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { rootWithin, type Tile, tileHeight, tileWidth } from "#domain/audit/Tiles.ts"
import {
  consistencySpans,
  hashBytes,
  inclusionSpans,
  type Node,
  nodesIn,
  rootOver,
  type Span
} from "#domain/audit/Tree.ts"
import { Crypto } from "#domain/ports/Crypto.ts"
import * as TreeRows from "./TreeRows.ts"

/** The tree holds less than is asked about: its rows are being made anew. */
export class TreeIncomplete extends Schema.TaggedError<TreeIncomplete>()("TreeIncomplete", {}) {}

/** What is proven of the tree, from its rows: at most one tile for each hash of a proof, however many leaves there are. */
export const make = Effect.gen(function* () {
  const { sha256: hash } = yield* Crypto
  const sql = yield* SqlClient.SqlClient
  const hashes = (level: number, first: number, count: number) =>
    Effect.flatMap(TreeRows.hashesBetween(sql, level, first, first + count), (found) =>
      found.length === count * hashBytes ? Effect.succeed(found) : Effect.fail(new TreeIncomplete())
    )
  const hashOf = ({ height, index }: Node) => {
    const count = 2 ** (height % tileHeight)
    const level = Math.floor(height / tileHeight)
    return Effect.map(hashes(level, index * count, count), (found) => rootWithin(hash, found, 0, count))
  }
  const rootOf = (span: Span) => Effect.map(Effect.forEach(nodesIn(span), hashOf), (each) => rootOver(hash, each))
  return {
    rootAt: (size: number) => rootOf({ start: 0, end: size }),
    inclusion: (index: number, size: number) => Effect.forEach(inclusionSpans(index, size), rootOf),
    consistency: (from: number, to: number) => Effect.forEach(consistencySpans(from, to), rootOf),
    tile: ({ index, level, width }: Tile) => hashes(level, index * tileWidth, width),
    indexOf: (position: bigint) => TreeRows.indexOf(sql, position)
  }
})
