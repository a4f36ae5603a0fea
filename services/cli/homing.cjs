#!/usr/bin/env node
/**
 * Every Node reads this file, however old: one that is too old ends with a line, where TypeScript or an `import` would
 * be its stack trace. Hence JavaScript alone, under a name that says CommonJS; and no TypeScript, whose parser would stay in
 * memory for it alone: of all other files the compile cache knows what the parser made.
 */
const { engines } = require("../../package.json")
const [atHand, needed] = [process.versions.node, engines.node.replace(/\D*/, "")]

if (Number.parseInt(atHand, 10) < Number.parseInt(needed, 10)) {
  process.stderr.write(
    `homing: this is Node ${atHand}, and Node ${needed} or newer is needed. Start it through npm (npm start, npm run ` +
      "homing -- …), which takes the Node that npm ci installs, or put a newer one first on the PATH (README.md, Installing)\n"
  )
  process.exit(1)
}

// Before anything else is loaded: from the second start on, nothing is compiled again.
require("node:module").enableCompileCache()

const bundle = require("./Bundle.cjs").bundle()
if (bundle === undefined) import("./Entry.ts")
else import(bundle)
