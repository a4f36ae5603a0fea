import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { longLog } from "./LongLog.ts"

/** `node bench/long-log.ts FOLDER MESSAGES [OPEN]`: a folder without views, to be started on. */
const [folder, messages = "20000", open = "0"] = process.argv.slice(2)
if (folder === undefined) throw new Error("the folder to make is missing")

longLog(folder, Number(messages), Number(open)).pipe(NodeRuntime.runMain())
