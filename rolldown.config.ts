import { defineConfig } from "rolldown"

/** Bundles for a small memory: what a benchmark and an installation run. Baileys stays outside, loaded when needed. */
export default defineConfig({
  input: { homing: "services/cli/homing.ts", "bench-gateway": "bench/gateway.ts", "bench-agent": "bench/agent.ts" },
  platform: "node",
  external: [/^@whiskeysockets\//, /^libsignal/, /^ws$/, /^nats$/, /^@grpc\//, /^@eventstore\//, /^@aws-sdk\//],
  // The source stays in memory for as long as the process: so without what it is not run by; names stay, for stack traces.
  output: {
    dir: "dist",
    format: "esm",
    cleanDir: true,
    minify: { compress: false, mangle: false },
    comments: { legal: true, annotation: false, jsdoc: false }
  }
})
