import { Effect } from "effect"
import type { DeviceId } from "#domain/Ids.ts"
import type { Missing } from "./HistoryArchive.ts"

/** Says that a part of what an account's phone remembers is not told, or not yet. */
export const tellHistoryMissing = (device: DeviceId, why: Missing): Effect.Effect<void> =>
  why === "unreachable"
    ? Effect.logWarning("a part of a device's history cannot be fetched; it is tried again", { device })
    : Effect.logError("a part of a device's history is not told", { device, reason: why })
