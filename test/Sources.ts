import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

/** The files of the product, and what each of them imports. */

const root = resolve(import.meta.dirname, "..")
const rooms = ["domain/", "infra/", "services/", "mac-agent/"]

export const isIn = (places: ReadonlyArray<string>, file: string) => places.some((place) => file.startsWith(place))
/** Tests, the contracts of ports and what both need: a `testing/` stands where what it helps to test stands. */
export const isTest = (file: string) => /(\.test|\/contract)\.tsx?$|\/(contract|testing)\//.test(file)

export const sourcesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => /\.tsx?$/.test(file))
export const sources = rooms.flatMap(sourcesIn)

const targetOf = (file: string, name: string): string => {
  if (name.startsWith("#")) return name.slice(1)
  return name.startsWith(".") ? relative(root, resolve(root, dirname(file), name)) : name
}
export const textOf = (file: string) => readFileSync(join(root, file), "utf8")
/** Files by their paths from the root, libraries by their names. */
export const importsOf = (file: string) =>
  [...textOf(file).matchAll(/(?<!")(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => targetOf(file, name!))

/** What runs. */
export const production = sources.filter((file) => !isTest(file))
/** Who imports whom of it. */
export const uses = production.flatMap((file) =>
  importsOf(file)
    .filter((target) => production.includes(target))
    .map((target) => [file, target] as const)
)
