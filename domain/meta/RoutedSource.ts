import { Option, Schema } from "effect"
import { MetaApp } from "../Ids.ts"

/** Whose facts routes lead, as their stream is called: an app of Meta, by its name; a session source; all own devices. */
export const RoutedSource = Schema.String.check(
  Schema.isPattern(/^(?:(?:-session-)?[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?|-devices)$/)
).pipe(Schema.brand("RoutedSource"))
export type RoutedSource = typeof RoutedSource.Type

/** No name of an app begins with a dash. */
const session = "-session-"

export const ofApp = (app: MetaApp): RoutedSource => RoutedSource.make(app)
export const ofSession = (name: MetaApp): RoutedSource => RoutedSource.make(`${session}${name}`)
export const ofDevices = RoutedSource.make("-devices")

export const isApp = (source: RoutedSource): boolean => !source.startsWith("-")

const shownDevices = "own.devices"
const shownSession = "session."

/** What people call it. */
export const nameOf = (source: RoutedSource): string => {
  if (source === ofDevices) return shownDevices
  return isApp(source) ? source : `${shownSession}${source.slice(session.length)}`
}

const appIn = Schema.decodeUnknownOption(MetaApp)

export const named = (name: string): RoutedSource | undefined => {
  if (name === shownDevices) return ofDevices
  const isSession = name.startsWith(shownSession)
  const of = appIn(isSession ? name.slice(shownSession.length) : name)
  return Option.getOrUndefined(Option.map(of, isSession ? ofSession : ofApp))
}
