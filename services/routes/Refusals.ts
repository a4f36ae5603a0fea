import { Schema } from "effect"

/** Why targets and routes are not what was asked for. */

export class AppUnknown extends Schema.TaggedError<AppUnknown>()("AppUnknown", {}) {}
export class TargetUnknown extends Schema.TaggedError<TargetUnknown>()("TargetUnknown", {}) {}
export class TargetNameTaken extends Schema.TaggedError<TargetNameTaken>()("TargetNameTaken", {}) {}
export class TargetsFull extends Schema.TaggedError<TargetsFull>()("TargetsFull", {}) {}
/** It takes requests as they came, signed by Meta. */
export class TargetSignsNothing extends Schema.TaggedError<TargetSignsNothing>()("TargetSignsNothing", {}) {}
/** A route leads there, which stands here in the table. */
export class TargetInUse extends Schema.TaggedError<TargetInUse>()("TargetInUse", { place: Schema.String }) {}
/** Nothing may be sent there. Holds nothing of the address. */
export class TargetRefused extends Schema.TaggedError<TargetRefused>()("TargetRefused", { reason: Schema.String }) {}
/** Somebody else set other ones since they were read. */
export class RoutesChanged extends Schema.TaggedError<RoutesChanged>()("RoutesChanged", {}) {}
/** What was asked does not go together with what there is. */
export class RoutesFlawed extends Schema.TaggedError<RoutesFlawed>()("RoutesFlawed", {
  /** A JSON Pointer into what was asked. */
  pointer: Schema.String,
  expected: Schema.String
}) {}
