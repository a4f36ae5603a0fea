import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["{domain,infra,services,mac-agent,test}/**/*.test.ts"],
    globalSetup: "test/servers/Setup.ts",
    testTimeout: 30_000
  }
})
