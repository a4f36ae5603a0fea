import { statfsSync } from "node:fs"

/** How many bytes may still be written where this folder is; `NaN` when it is not there any more. */
export const freeBytes = (folder: string): number => {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return Number.NaN
  }
}
