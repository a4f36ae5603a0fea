import { statSync } from "node:fs"

/**
 * Whether a file is there. Throws where something else has its name: opening a pipe would hold this process up until
 * somebody writes into it.
 */
export const isThere = (path: string): boolean => {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !found.isFile()) {
    throw new Error(`${path} is not a file: put the file back that belongs there`)
  }
  return found !== undefined
}
