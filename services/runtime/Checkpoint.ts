import { Schema } from "effect"

/**
 * How far the work on a partition has come is not stored as this process left it: the database has forgotten its last
 * moments, as after a failover, or another process has written. Nothing was written on top of it.
 */
export class CheckpointMoved extends Schema.TaggedError<CheckpointMoved>()("CheckpointMoved", {}) {}
