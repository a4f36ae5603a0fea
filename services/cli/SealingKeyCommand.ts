import { generateKeyPairSync } from "node:crypto"
import { writeFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import { say, warn } from "./Terminal.ts"

class NoKeyFile extends Schema.TaggedError<NoKeyFile>()("NoKeyFile", { file: Schema.String, cause: Schema.Defect() }) {
  override get message() {
    const { code = "" } = this.cause as NodeJS.ErrnoException
    const why = code === "EEXIST" ? "something is there, and nothing is overwritten" : `the system says ${code}`
    return `the private key was not written to ${this.file}: ${why}. Name another file`
  }
}

/**
 * Makes a pair of keys for a service that may read what is personal. The private half goes into a file that only this user
 * may read; the public half is printed, as the gateway takes it.
 */
export const print = (kid: string) =>
  Effect.gen(function* () {
    const file = `${kid}.jwk`
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const { d, ...jwk } = privateKey.export({ format: "jwk" })
    const shown = { ...jwk, kid, use: "enc", alg: "ECDH-ES" }
    yield* Effect.try({
      try: () => writeFileSync(file, `${JSON.stringify({ ...shown, d })}\n`, { flag: "wx", mode: 0o600 }),
      catch: (cause) => new NoKeyFile({ file, cause })
    })
    say(`EVENTS_SEALING_KEYS=${JSON.stringify({ keys: [shown] })}`)
    warn(`The private key is in ${file}: it stays with the service that reads.`)
  })
