import { resolve } from "node:path"
import { defineConfig } from "vite"

/** Addresses are relative: the gateway serves it below any path that a proxy gave it. */
export default defineConfig({
  root: resolve(import.meta.dirname, "app"),
  base: "./",
  cacheDir: resolve(import.meta.dirname, "../../node_modules/.cache/vite"),
  build: {
    outDir: resolve(import.meta.dirname, "dist"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // what stands in a style as data would need another rule in the policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      onwarn: (warning, warn) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning) // libraries say it for servers that render
      }
    }
  }
})
