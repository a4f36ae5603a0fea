import { Effect } from "effect"
import type { Config } from "../Config.ts"
import { nkey, secrets } from "../layers/Adapters.ts"
import { say } from "./Terminal.ts"

/** Prints as whom the gateway signs in at a NATS server: the server has to be told before. Made if it is not there yet. */
export const print = ({ process }: Config) =>
  nkey.pipe(
    Effect.map(({ publicKey }) => say(publicKey)),
    Effect.provide(secrets(process.dataDirectory))
  )
