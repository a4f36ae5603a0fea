import { existsSync } from "node:fs"
import { join } from "node:path"
import { Effect, Layer } from "effect"
import { SecretVault, SecretVaultUnavailable } from "#domain/ports/SecretVault.ts"
import { read } from "./FileVault.ts"

/** The secrets that are in a folder. None is made. */
export const layer = (folder: string) => {
  const find = (name: string) =>
    Effect.try({
      try: () => (existsSync(join(folder, name)) ? read(folder, name) : undefined),
      catch: (cause) => new SecretVaultUnavailable({ name, cause })
    })
  return Layer.succeed(SecretVault, {
    find,
    obtain: (name) =>
      Effect.flatMap(find(name), (found) =>
        found === undefined
          ? Effect.fail(new SecretVaultUnavailable({ name, cause: new Error(`it is not in ${folder}`) }))
          : Effect.succeed(found)
      )
  })
}
