import { closeSync, openSync, statSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer, Schema } from "effect"
import { SecretVault } from "#domain/ports/SecretVault.ts"

/** Something is missing beside what belongs to it: going on without would make it anew, as if nothing had been. */
export class StoreMissing extends Schema.TaggedError<StoreMissing>()("StoreMissing", {
  missing: Schema.String,
  beside: Schema.String,
  way: Schema.Literals(["file", "secret"])
}) {
  override get message() {
    const without =
      this.way === "file"
        ? `To go on without it for ever, make an empty file of that name, readable by you alone`
        : "If it is lost for ever: `homing store adopt`"
    return `${this.missing} is missing, and ${this.beside} is there: put it back from the backup that the others are of. ${without} (docs/operations.md, Data folder)`
  }
}

export interface Contents {
  /** Databases that are begun together, and belong together from then on. */
  readonly files: ReadonlyArray<string>
  /** Secrets without which what is in them is of no use. */
  readonly secrets: ReadonlyArray<string>
}

/**
 * Begins a new folder, secrets first, and refuses one of which a part is missing. A start that was cut off leaves empty
 * files at most, which are as good as none. `adopting`: secrets that are missing are made, whatever is there.
 */
export const layer = (folder: string, { files, secrets }: Contents, adopting = false) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const vault = yield* SecretVault
      const paths = files.map((name) => join(folder, name))
      const sizes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size)
      const begun = paths[sizes.findIndex((size) => size !== undefined && size > 0)]
      if (begun === undefined) {
        for (const secret of secrets) yield* vault.obtain(secret)
        for (const path of paths) closeSync(openSync(path, "a", 0o600))
        return
      }
      const lost = paths[sizes.indexOf(undefined)]
      if (lost !== undefined) return yield* new StoreMissing({ missing: lost, beside: begun, way: "file" })
      for (const secret of secrets) {
        if ((yield* adopting ? vault.obtain(secret) : vault.find(secret)) !== undefined) continue
        return yield* new StoreMissing({ missing: join(folder, "secrets", secret), beside: begun, way: "secret" })
      }
    })
  )
