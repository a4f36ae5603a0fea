import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { defineConfig, type Plugin } from "rolldown"
import { madeOf, sources } from "./services/cli/Bundle.cjs"

const folder = "dist"

/** Says what the bundle was made of, as that was before it was read. */
const provenance = (): Plugin => {
  let source = ""
  return {
    name: "provenance",
    buildStart() {
      source = sources()
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: madeOf, source })
    }
  }
}

/** What a process that runs still loads later: the files of the bundle before this one stay, and no older. */
const succession = (): Plugin => {
  const list = "files.txt"
  const listed = join(folder, list)
  const before = existsSync(listed) ? readFileSync(listed, "utf8").split("\n") : []
  return {
    name: "succession",
    generateBundle(_, files) {
      this.emitFile({ type: "asset", fileName: list, source: Object.keys(files).join("\n") })
    },
    writeBundle(_, files) {
      const kept = new Set([...before, ...Object.keys(files)])
      for (const name of readdirSync(folder)) if (!kept.has(name)) rmSync(join(folder, name), { recursive: true })
    }
  }
}

const ofBenchmarks = { "bench-gateway": "bench/gateway.ts", "bench-agent": "bench/agent.ts" }

/** What an installation runs, in less memory than its sources, and a benchmark. Baileys stays outside, loaded when needed. */
export default defineConfig({
  plugins: [provenance(), succession()],
  input: { homing: "services/cli/Entry.ts", ...(existsSync("bench") && ofBenchmarks) },
  platform: "node",
  external: [/^@whiskeysockets\//, /^libsignal/, /^ws$/, /^nats$/, /^@grpc\//, /^@eventstore\//, /^@aws-sdk\//],
  // The source stays in memory for as long as the process: so without what it is not run by; names stay, for stack traces.
  output: {
    dir: folder,
    format: "esm",
    minify: { compress: false, mangle: false },
    comments: { legal: true, annotation: false, jsdoc: false }
  }
})
