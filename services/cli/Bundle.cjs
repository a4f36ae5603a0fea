const { readdirSync, readFileSync, statSync } = require("node:fs")
const { join } = require("node:path")

/**
 * What a start loads: the bundle, a third of the text in memory, where one was made of the very sources that lie here;
 * otherwise the sources. Read by every Node, as homing.cjs is.
 */

const root = join(__dirname, "../..")
const rooms = ["domain", "infra", "mac-agent", "services"]
const isBundled = (name) => /(?<!\.test)\.(ts|cjs)$/.test(name)

/** Each file that a bundle may hold, with its size and the second of its last change: image layers keep no more of it. */
const sources = () =>
  rooms
    .flatMap((room) => readdirSync(join(root, room), { recursive: true }).map((name) => join(room, name)))
    .filter(isBundled)
    .concat("package-lock.json")
    .sort()
    .map((name) => {
      const { mtimeMs, size } = statSync(join(root, name))
      return `${name} ${size} ${Math.floor(mtimeMs / 1_000)}\n`
    })
    .join("")

/** Lies in the bundle's folder. */
const madeOf = "sources.txt"

/** The bundle's entry; `undefined` where there is none, or one of other sources. */
const bundle = () => {
  try {
    const folder = join(root, "dist")
    return readFileSync(join(folder, madeOf), "utf8") === sources() ? join(folder, "homing.js") : undefined
  } catch {
    return undefined
  }
}

module.exports = { bundle, madeOf, sources }
