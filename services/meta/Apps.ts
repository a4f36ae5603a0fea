import { Redacted, Schema } from "effect"
import { utf8 } from "#domain/Bytes.ts"
import type { Crypto, MacKey } from "#domain/ports/Crypto.ts"
import { defaultApp } from "./Paths.ts"

const said = Schema.NonEmptyString.check(Schema.isMaxLength(512))
const Further = Schema.fromJsonString(
  Schema.Record(
    Schema.String.check(Schema.isPattern(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/)),
    Schema.Struct({ secret: said, previousSecret: Schema.optionalKey(said), verifyToken: said })
  )
)
type FurtherApps = Readonly<
  Record<string, { readonly secret: string; readonly previousSecret?: string; readonly verifyToken: string }>
>
const decode = Schema.decodeUnknownOption(Further, { onExcessProperty: "error" })

/** Apps beside the one that has variables of its own; `undefined` when the text is not well written. */
export const furtherApps = (text: string): FurtherApps | undefined => {
  const found = decode(text)
  return found._tag === "None" || Object.hasOwn(found.value, defaultApp) ? undefined : found.value
}

/** An app of Meta: who signs, and what becomes of what it says. */
export interface App {
  readonly name: string
  readonly secrets: ReadonlyArray<MacKey>
  readonly verifyToken: string | undefined
  readonly mode: "durable" | "sync"
}

export interface AppSettings {
  readonly appSecret?: Redacted.Redacted | undefined
  readonly previousAppSecret?: Redacted.Redacted | undefined
  readonly verifyToken?: Redacted.Redacted | undefined
  readonly apps?: Redacted.Redacted<FurtherApps> | undefined
  readonly mode?: App["mode"] | undefined
  readonly destinationUrl?: Redacted.Redacted | undefined
  readonly routeMap?: Redacted.Redacted | undefined
}

/** Whether there is any app. */
export const areThere = ({ appSecret, apps, verifyToken }: AppSettings): boolean =>
  appSecret !== undefined || verifyToken !== undefined || apps !== undefined

/** By their names. */
export const appsIn = (
  crypto: Pick<Crypto["Service"], "macKey">,
  { appSecret, apps, destinationUrl, mode, previousAppSecret, routeMap, verifyToken }: AppSettings
): ReadonlyMap<string, App> => {
  const keys = (...secrets: ReadonlyArray<string | undefined>) =>
    secrets.flatMap((secret) => (secret === undefined ? [] : crypto.macKey(utf8(secret))))
  const own: App = {
    name: defaultApp,
    secrets: keys(
      appSecret && Redacted.value(appSecret),
      appSecret && previousAppSecret && Redacted.value(previousAppSecret)
    ),
    verifyToken: verifyToken && Redacted.value(verifyToken),
    mode: mode ?? (destinationUrl !== undefined || routeMap !== undefined ? "sync" : "durable")
  }
  const further = Object.entries(apps === undefined ? {} : Redacted.value(apps)).map(
    ([name, app]): App => ({
      name,
      secrets: keys(app.secret, app.previousSecret),
      verifyToken: app.verifyToken,
      mode: "durable"
    })
  )
  const isSet = appSecret !== undefined || verifyToken !== undefined
  return new Map([...(isSet ? [own] : []), ...further].map((app) => [app.name, app]))
}
