import { randomBytes } from "node:crypto"
import { Console, Effect, Redacted, Runtime, Schema } from "effect"
import { defaultApp } from "../meta/Paths.ts"
import type { MetaSettings } from "../meta/Settings.ts"
import { NotAsked } from "./AgentsCommand.ts"
import { post, signatureOf } from "./MetaPosting.ts"
import { escaped, posted, updates } from "./MetaUpdates.ts"
import { configured } from "./Settings.ts"
import { faint, say, strong } from "./Terminal.ts"

const path = "/webhooks/meta/whatsapp"

/** A verdict that a program should hear. It was told already. */
export class NotAsExpected extends Schema.TaggedError<NotAsExpected>()("NotAsExpected", {}) {
  override readonly [Runtime.errorReported] = false
  override readonly [Runtime.errorExitCode] = 1
}

interface Attempt {
  readonly what: string
  readonly body: string
  /** What it is signed with, if not with the app's secret. */
  readonly signature?: string
  readonly expected: number
}

/** Everything that Meta may do: each kind alone, many at once, backwards, again, and what somebody else would do. */
const attemptsOf = (run: string): ReadonlyArray<Attempt> => {
  const all = updates(run)
  const alone = all.map((one, i) => {
    const body = posted([one])
    return i % 2 === 0
      ? { what: one.what, body, expected: 200 }
      : { what: `${one.what}, escaped`, body: escaped(body), expected: 200 }
  })
  const whole = posted(all)
  return [
    ...alone,
    { what: `${all.length} at once`, body: whole, expected: 200 },
    { what: "the same again", body: whole, expected: 200 },
    { what: "backwards", body: posted(all.toReversed()), expected: 200 },
    { what: "backwards, escaped", body: escaped(posted(all.toReversed())), expected: 200 },
    { what: "signed by nobody", body: whole, signature: "", expected: 401 },
    { what: "signed with another secret", body: whole, signature: `sha256=${"0".repeat(64)}`, expected: 401 },
    { what: "of another product", body: '{"object":"page","entry":[]}', expected: 422 },
    { what: "cut off", body: whole.slice(0, -1), expected: 400 }
  ]
}

const secretOf = ({ appSecret, apps }: MetaSettings, app: string | undefined): string | undefined => {
  if (app === undefined || app === defaultApp) return appSecret && Redacted.value(appSecret)
  return apps && Redacted.value(apps)[app]?.secret
}

/** Posts to a gateway what Meta would, signed with the app's secret in the configuration, and prints what was answered. */
export const run = (options: { readonly target: string; readonly app: string | undefined; readonly json: boolean }) =>
  Effect.gen(function* () {
    const { meta } = yield* configured
    const secret = secretOf(meta, options.app)
    if (secret === undefined)
      return yield* new NotAsked({ message: "there is no secret of that app: META_APP_SECRET, or META_APPS" })
    const address = `${options.target.replace(/\/$/, "")}${path}${options.app === undefined ? "" : `/${options.app}`}`
    if (!/^https?:/.test(address) || !URL.canParse(address))
      return yield* new NotAsked({ message: "--target is no address: http://localhost:4010 say" })
    const attempts = attemptsOf(randomBytes(6).toString("hex"))
    let unexpected = 0
    for (const { body, expected, signature, what } of attempts) {
      const { millis, status, text } = yield* post(address, body, signature ?? signatureOf(secret, body))
      if (status === 0) return yield* new NotAsked({ message: `nobody answers at ${address}` })
      if (status !== expected) unexpected++
      if (options.json) yield* Console.log(JSON.stringify({ what, bytes: body.length, expected, status, text, millis }))
      else
        say(
          `  ${status === expected ? status : strong(`${status}, not ${expected}`)}  ${what}  ${faint(`${text} ${millis} ms`)}`
        )
    }
    if (!options.json) say("", `  ${attempts.length - unexpected} of ${attempts.length} answers as expected`)
    if (unexpected > 0) return yield* new NotAsExpected()
  })
