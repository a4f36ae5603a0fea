import { useSyncExternalStore } from "react"
import { every } from "./Timer.ts"

const steps = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1]
] as const satisfies ReadonlyArray<readonly [Intl.RelativeTimeFormatUnit, number]>

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" })

/** `3 min. ago`, `in 2 hr.` */
export const agoOf = (millis: number): string => {
  const seconds = millis / 1_000
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1]
  return Math.abs(seconds) < 3 ? "now" : relative.format(Math.trunc(seconds / size), unit)
}

/** With the zone: whoever reads a picture of it may be in another. */
const exact = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short"
})
export const exactOf = (instant: string): string => {
  const at = new Date(instant)
  return Number.isNaN(at.getTime()) ? instant : exact.format(at)
}

/** One clock for all moments of a page. */
let now = Date.now()
const listeners = new Set<() => void>()
every(1_000, () => {
  now = Date.now()
  for (const listen of listeners) listen()
})
const listen = (changed: () => void) => {
  listeners.add(changed)
  return () => listeners.delete(changed)
}
export const useNow = (): number => useSyncExternalStore(listen, () => now)

/** How long ago, with the exact time for whoever points at it. */
export const Moment = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={`${exactOf(at)} (${at})`}>
    <Ago at={Date.parse(at)} />
  </time>
)

const Ago = ({ at }: { readonly at: number }) => {
  // rendered anew only when its words change
  const words = useSyncExternalStore(listen, () => agoOf(at - now))
  return <>{words}</>
}
