import { execFileSync } from "node:child_process"
import { rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { folder } from "./Homing.ts"

/**
 * A disk of a few megabytes that can be filled to the last byte. `undefined` where this user may not mount one.
 */
export const smallDisk = Effect.gen(function* () {
  const path = yield* folder
  const mounted = yield* Effect.acquireRelease(
    Effect.sync(() => {
      try {
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m,mode=700", "homing-test", path], { stdio: "ignore" })
        return true
      } catch {
        return false
      }
    }),
    (yes) => Effect.sync(() => void (yes && execFileSync("umount", ["--lazy", path])))
  )
  const ballast = join(path, "ballast")
  return mounted
    ? {
        path: join(path, "data"),
        fill: Effect.sync(() => {
          const { bavail, bsize } = statfsSync(path)
          writeFileSync(ballast, Buffer.alloc(bavail * bsize))
        }),
        makeRoom: Effect.sync(() => rmSync(ballast))
      }
    : undefined
})
