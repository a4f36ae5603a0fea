import { createContext, type ReactNode, use, useEffect, useState } from "react"
import { after } from "../time/Timer.ts"
import { follow, type Happening, type Standing } from "./Live.ts"
import { queries } from "./Queries.ts"
import { forget, may, type Session } from "./Session.ts"

interface Heard {
  readonly standing: Standing
  /** Newest first. */
  readonly happenings: ReadonlyArray<Happening>
}

const nothing: Heard = { standing: { state: "off", why: "" }, happenings: [] }
const Context = createContext<Heard>(nothing)

export const useLive = (): Heard => use(Context)

const remembered = 60

/** Which answers an event may have changed, by the first word under which they are kept. */
const touchedBy = (type: string): ReadonlyArray<string> => {
  if (type.startsWith("homing.message.")) return ["messages", "chats", "statistics", "deliveries"]
  if (type.startsWith("homing.device.")) return ["devices", "health", "statistics"]
  return ["inbound", "chats", "contacts", "statistics", "deliveries"]
}

/** However much happens, each answer is asked for anew once in this time. */
const pauseMillis = 400
/** Views follow the log at a short distance: what is asked for at once may be answered as it was. */
const againMillis = 1_500

const refreshing = () => {
  const gather = (millis: number) => {
    const touched = new Set<string>()
    let stop: (() => void) | undefined
    const flush = () => {
      stop = undefined
      const words = new Set(touched)
      touched.clear()
      void queries.invalidateQueries({ predicate: ({ queryKey }) => words.has(String(queryKey[0])) })
    }
    return {
      touch: (words: ReadonlyArray<string>) => {
        for (const word of words) touched.add(word)
        stop ??= after(millis, flush)
      },
      end: () => stop?.()
    }
  }
  const both = [gather(pauseMillis), gather(againMillis)]
  return {
    touch: (words: ReadonlyArray<string>) => {
      for (const { touch } of both) touch(words)
    },
    end: () => {
      for (const { end } of both) end()
    }
  }
}

/** Hears what happens for all pages, and has them ask again for what it changed. */
export const Following = ({ children, session }: { readonly children: ReactNode; readonly session: Session }) => {
  const [heard, setHeard] = useState(nothing)
  const mayFollow = may(session, "events:read")
  useEffect(() => {
    if (!mayFollow) {
      setHeard({
        ...nothing,
        standing: { state: "off", why: "This key may not follow events: pages ask every few seconds." }
      })
      return
    }
    const end = new AbortController()
    const refresher = refreshing()
    let wasLost = false
    void follow(
      {
        onEnd: forget,
        onStanding: (standing) => {
          setHeard((before) => ({ ...before, standing }))
          if (standing.state === "live" && wasLost) void queries.invalidateQueries()
          wasLost = standing.state === "connecting"
        },
        onHappening: (happening) => {
          setHeard(({ happenings, ...rest }) => ({
            ...rest,
            happenings: [happening, ...happenings].slice(0, remembered)
          }))
          refresher.touch(touchedBy(happening.type))
        }
      },
      end.signal
    )
    return () => {
      end.abort()
      refresher.end()
    }
  }, [mayFollow])
  return <Context value={heard}>{children}</Context>
}

/** How often a page asks by itself: seldom while it is told what happens, and of what nobody is told always. */
export const useEvery = (isTold: boolean): number => {
  const { standing } = useLive()
  return isTold && standing.state === "live" ? 60_000 : 4_000
}
