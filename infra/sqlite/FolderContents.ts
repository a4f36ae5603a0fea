import { closeSync, openSync, statSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer, Schema } from "effect"
import { SecretVault } from "#domain/ports/SecretVault.ts"

/** Something is missing beside what belongs to it: going on without would make it anew, as if nothing had been. */
export class StoreMissing extends Schema.TaggedError<StoreMissing>()("StoreMissing", {
  missing: Schema.String,
  beside: Schema.String,
  /** What there is to do when it is lost for ever. */
  lost: Schema.String
}) {
  override get message() {
    return `${this.missing} is missing, and ${this.beside} is there: put it back from the backup that the others are of. ${this.lost} (docs/operations.md, Data folder)`
  }
}

/** Who has this secret has begun a log, and it is not here: another one would be begun as if nothing had been. */
export class LogElsewhere extends Schema.TaggedError<LogElsewhere>()("LogElsewhere", {
  secret: Schema.String,
  file: Schema.String,
  variable: Schema.String
}) {
  override get message() {
    return `${this.secret} is of a gateway whose log was begun, and ${this.file} is not there: set ${this.variable}, and the other addresses, as they were; or put the file, and all that belongs to it, back from a backup. To begin a new log, take a folder that is empty (docs/operations.md, Data folder)`
  }
}

export interface Contents {
  /** Databases that are begun together, and belong together from then on. */
  readonly files: ReadonlyArray<string>
  /** The one of them without which all others are of no use. */
  readonly log?: string
  /** A secret that is made when a log was begun, and what says where that is, if not here. */
  readonly begun?: { readonly secret: string; readonly variable: string }
  /** Secrets without which what is in them is of no use, or whose replacement nobody would know. */
  readonly secrets: ReadonlyArray<string>
  /** The command by which secrets that are lost for ever are made anew. */
  readonly renewal: string
}

const lostFile = "To go on without it for ever, make an empty file of that name, readable by you alone"
const lostLog = "If it is lost for ever, so is all that the others belong to: begin anew, in a folder that is empty"

/**
 * Begins a new folder, secrets first, and refuses one of which a part is missing. A start that was cut off leaves empty
 * files at most, which are as good as none. `adopting`: secrets that are missing are made, whatever is there.
 */
export const layer = (folder: string, { begun: mark, files, log, renewal, secrets }: Contents, adopting = false) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const vault = yield* SecretVault
      const paths = files.map((name) => join(folder, name))
      const sizes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size)
      const begun = paths[sizes.findIndex((size) => size !== undefined && size > 0)]
      if (begun === undefined) {
        const file = paths[files.findIndex((name, i) => name === log && sizes[i] === undefined)]
        if (mark !== undefined && file !== undefined && (yield* vault.find(mark.secret)) !== undefined) {
          const { secret, variable } = mark
          return yield* new LogElsewhere({ secret: join(folder, "secrets", secret), file, variable })
        }
        for (const secret of secrets) yield* vault.obtain(secret)
        for (const path of paths) closeSync(openSync(path, "a", 0o600))
        return
      }
      const lost = sizes.indexOf(undefined)
      if (lost !== -1) {
        const way = files[lost] === log ? lostLog : lostFile
        return yield* new StoreMissing({ missing: paths[lost]!, beside: begun, lost: way })
      }
      for (const secret of secrets) {
        if ((yield* adopting ? vault.obtain(secret) : vault.find(secret)) !== undefined) continue
        return yield* new StoreMissing({
          missing: join(folder, "secrets", secret),
          beside: begun,
          lost: `If it is lost for ever: ${renewal}`
        })
      }
    })
  )
