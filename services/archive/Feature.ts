import { Effect, Layer } from "effect"
import { Archive } from "#domain/ports/Archive.ts"
import { Holds } from "../meta/Holds.ts"
import * as Held from "./Held.ts"
import type { ArchiveSettings } from "./Settings.ts"
import * as Standing from "./Standing.ts"

/** What came from outside, archived for the law; nothing of it is loaded where there is no archive. */
export const layer = ({ masks }: Partial<ArchiveSettings> = {}) =>
  Layer.effect(
    Standing.ArchiveWarnings,
    Effect.gen(function* () {
      const archive = yield* Archive
      if (archive === undefined) return () => []
      // one that cannot be asked now may be there soon: what came in waits for it
      yield* Effect.catchTag(archive.ready, "ArchiveUnavailable", (cause) =>
        Effect.logWarning("the archive does not answer; what comes in waits for it", cause)
      )
      const { add } = yield* Holds
      add(yield* Held.make)
      const standing = yield* Standing.make
      const Archiver = yield* Effect.promise(() => import("./Archiver.ts"))
      yield* Effect.forkScoped(Archiver.run(archive, masks, standing))
      return standing.warnings
    })
  )
