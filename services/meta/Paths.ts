import { pathOf } from "../http/Paths.ts"

const doors = ["/webhooks/meta/whatsapp", "/api/webhooks/meta/whatsapp"]
export const health = "/api/webhooks/meta/whatsapp/health"

/** The app that a path without a name stands for. */
export const defaultApp = "default"

/** Where it leads, and how metrics call it. */
export interface Place {
  readonly app: string
  readonly route: string
}

/** Of which app a request is; `undefined` for what is none of Meta's paths. An app's name is not looked up here. */
export const placeOf = (url: string): Place | "health" | undefined => {
  if (!url.includes("/meta/")) return undefined // of nearly every request nothing else is looked at
  const path = pathOf(url)
  if (path === health) return "health"
  if (doors.includes(path)) return { app: defaultApp, route: path }
  const named = /^\/webhooks\/meta\/whatsapp\/([a-z0-9-]{1,32})$/.exec(path)
  return named === null ? undefined : { app: named[1]!, route: `${doors[0]}/:app` }
}
