import type { ReactNode } from "react"
import type { Paged } from "../gateway/Paged.ts"
import { More } from "./Rows.tsx"
import { Answered } from "./States.tsx"

interface Props<A> {
  readonly query: Paged<A>
  readonly label: string
  /** How many lines are hinted at before there is an answer. */
  readonly lines?: number
  /** What stands there when there is nothing. */
  readonly empty: ReactNode
  readonly children: (items: ReadonlyArray<A>) => ReactNode
}

/** What came of a list so far, and the way to more of it. */
export const Listed = <A,>({ children, empty, label, lines = 6, query }: Props<A>) => (
  <>
    <Answered query={query} label={label} rows={lines}>
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items)
        return items.length === 0 ? empty : children(items)
      }}
    </Answered>
    <More query={query} />
  </>
)
