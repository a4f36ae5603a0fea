import { statSync } from "node:fs"

/**
 * Whether something of this name can be opened. Throws for a pipe or a device: that would hold this process up until
 * somebody writes into it. (A folder is refused by whoever opens it.)
 */
export const isThere = (path: string): boolean => {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isFile() || found.isDirectory()) return found !== undefined
  throw new Error(`${path} is not a file: put the file back that belongs there`)
}
