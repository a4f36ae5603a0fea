import { Effect } from "effect"
import type * as Client from "./Client.ts"
import { say } from "./Terminal.ts"

/** Behind `#`, which no browser sends: what logs in stands in nobody's log. */
export const linkTo = (url: string, link: string) => `${url.replace(/\/$/, "")}/dashboard/#/login?link=${link}`

/** Logs in once, under the key that asks, within minutes. */
export const offered = (ask: Client.Ask, url: string) =>
  Effect.map(
    ask(({ sessions }) => sessions.offer({})),
    ({ link }) => linkTo(url, link)
  )

export const printLink = (ask: Client.Ask, url: string) => Effect.map(offered(ask, url), (line) => say(line))
