import type { ComponentType } from "react"
import type { Scope } from "#domain/access/Scopes.ts"
import type { IconName } from "../look/Icon.tsx"

/** Where a page is, what it is called, and which scopes show it. */
export interface Page {
  readonly path: string
  readonly title: string
  readonly icon: IconName
  readonly group: "Traffic" | "Delivery" | "Administration" | "Proof"
  /** One of these. */
  readonly scopes: ReadonlyArray<Scope>
  /** Of everything of its kind, and of the one that the path goes on with. */
  readonly Component: ComponentType
  readonly One?: ComponentType<{ readonly id: string }>
}
