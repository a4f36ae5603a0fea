import { parseArgs } from "node:util"
import { conclude, oneOf, seedIn, whole } from "../Options.ts"
import { type Report, run } from "./Trials.ts"

const { values } = parseArgs({
  options: {
    trials: { type: "string" },
    seed: { type: "string" },
    json: { type: "string" },
    sabotage: { type: "string" },
    help: { type: "boolean", default: false }
  }
})
if (values.help) {
  console.log(`npm run test:audit -- [--trials 1000] [--seed N] [--json FILE] [--sabotage skip-leaf]

Makes logs and their audit trees, keeps a signed head of each, and changes their files: edits, deletions, insertions,
reorderings, truncations and forks, of the log, of the tree, and of both so that they fit. The verifier, which shares no
code with what made the tree, has to find each and to name the first bad position. Fails if one was missed or misnamed, or
if a log that nobody touched was refuted, or believed without a head.

  --seed      repeats an earlier run
  --sabotage  skip-leaf: the tree leaves one event out. A run that measures anything fails.`)
  process.exit(0)
}

const options = {
  trials: whole(values, "trials", 1_000),
  seed: seedIn(values),
  skipsLeaf: oneOf(values, "sabotage", ["skip-leaf"]) !== undefined
}
const flaws = ({ found, misnamed, missed, named, trials, wronged }: Report) => [
  ...(found < trials ? [`missed: ${missed.length}`] : []),
  ...(named < trials ? [`misnamed: ${misnamed.length}`] : []),
  ...(wronged.length > 0 ? [`wronged: ${wronged.length}`] : [])
]

await conclude("audit", { json: values.json, log: undefined }, ({ progress }) => run({ ...options, progress }), flaws)
