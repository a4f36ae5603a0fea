import { lazy } from "react"
import type { Page } from "./shell/Page.ts"

/** Every page, in the order of the menu. */
export const pages: ReadonlyArray<Page> = [
  {
    path: "overview",
    title: "Overview",
    icon: "overview",
    group: "Traffic",
    scopes: [],
    Component: lazy(() => import("./overview/Overview.tsx"))
  },
  {
    path: "messages",
    title: "Messages",
    icon: "messages",
    group: "Traffic",
    scopes: ["messages:read"],
    Component: lazy(() => import("./messages/Messages.tsx")),
    One: lazy(() => import("./messages/Message.tsx"))
  }
]
