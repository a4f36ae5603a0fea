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
  },
  {
    path: "chats",
    title: "Conversations",
    icon: "chats",
    group: "Traffic",
    scopes: ["messages:read"],
    Component: lazy(() => import("./chats/Chats.tsx")),
    One: lazy(() => import("./chats/Chat.tsx"))
  },
  {
    path: "devices",
    title: "Devices",
    icon: "device",
    group: "Traffic",
    scopes: ["devices:read"],
    Component: lazy(() => import("./devices/Devices.tsx")),
    One: lazy(() => import("./devices/Device.tsx"))
  },
  {
    path: "endpoints",
    title: "Endpoints",
    icon: "endpoint",
    group: "Delivery",
    scopes: ["webhooks:manage"],
    Component: lazy(() => import("./endpoints/Endpoints.tsx")),
    One: lazy(() => import("./endpoints/Endpoint.tsx"))
  },
  {
    path: "dead-letters",
    title: "Dead letters",
    icon: "dead",
    group: "Delivery",
    scopes: ["webhooks:manage"],
    Component: lazy(() => import("./deliveries/DeadLetters.tsx"))
  },
  {
    path: "routes",
    title: "Routes",
    icon: "route",
    group: "Delivery",
    scopes: ["routes:read"],
    Component: lazy(() => import("./routes/Routes.tsx"))
  },
  {
    path: "clients",
    title: "Clients and keys",
    icon: "client",
    group: "Administration",
    scopes: ["admin"],
    Component: lazy(() => import("./clients/Clients.tsx")),
    One: lazy(() => import("./clients/Client.tsx"))
  },
  {
    path: "agents",
    title: "Agents",
    icon: "agent",
    group: "Administration",
    scopes: ["admin"],
    Component: lazy(() => import("./agents/Agents.tsx"))
  },
  {
    path: "sessions",
    title: "Sessions",
    icon: "session",
    group: "Administration",
    scopes: [],
    Component: lazy(() => import("./sessions/Sessions.tsx"))
  },
  {
    path: "audit",
    title: "Audit",
    icon: "audit",
    group: "Proof",
    scopes: ["audit:read"],
    Component: lazy(() => import("./audit/Audit.tsx"))
  },
  {
    path: "access-log",
    title: "Access log",
    icon: "key",
    group: "Proof",
    scopes: ["audit:read"],
    Component: lazy(() => import("./access/AccessLog.tsx"))
  },
  {
    path: "erasures",
    title: "Erasures",
    icon: "erase",
    group: "Proof",
    scopes: ["erasures:manage"],
    Component: lazy(() => import("./erasures/Erasures.tsx"))
  }
]
