import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"

/**
 * Makes the pages of the dashboard. With `--prepare`, as an installation runs it, it says why there are none and lets the
 * installation go on: the gateway does its part without them.
 */

const folder = import.meta.dirname
const isOfAnInstallation = process.argv.includes("--prepare")
const say = (words: string) => process.stderr.write(`${words}\n`)

const compressible = /\.(js|css|svg)$/
/** Shorter ones fit a packet as they are. */
const shortestBytes = 1_024

/** The two levels above take four times as long for a twentieth less. */
const quality = 9

/** Once, here: not for each answer. */
const compress = (file: string) => {
  const bytes = readFileSync(file)
  if (bytes.length < shortestBytes) return
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }))
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }))
}

const make = async () => {
  // whatever the caller's is, of a test or of a developer: React's other build is half as large again, and slower
  process.env.NODE_ENV = "production"
  const { build } = await import("vite")
  await build({ configFile: join(folder, "vite.config.ts"), logLevel: "warn" })
  const assets = join(folder, "dist/assets")
  for (const name of readdirSync(assets)) if (compressible.test(name)) compress(join(assets, name))
}

const begun = performance.now()
try {
  await make()
  say(`the dashboard is built (${((performance.now() - begun) / 1_000).toFixed(1)} s)`)
} catch (error) {
  const why = error instanceof Error ? error.message.split("\n")[0] : String(error)
  say(`the dashboard is not built: ${why}\n\`npm run dashboard:build\` builds it`)
  if (!isOfAnInstallation) process.exitCode = 1
}
