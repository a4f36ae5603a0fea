import { Effect } from "effect"
import { ArchiveUnavailable } from "#domain/ports/Archive.ts"
import { lockDatabase } from "#infra/sqlite/DirectoryLock.ts"

/** Nobody else has it until the scope closes, or this process ends: two that wrote would break the chain. */
export const lockFolder = (folder: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => lockDatabase(folder),
      catch: (cause) =>
        new ArchiveUnavailable({
          cause: new Error(`${folder} is in use by another process, or not writable`, { cause })
        })
    }),
    (lock) => Effect.sync(() => lock.close())
  )
