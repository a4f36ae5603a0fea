import { Button } from "@mantine/core"
import type { ReactNode } from "react"
import styles from "./Rows.module.css"

export interface Column<A> {
  readonly name: string
  readonly cell: (row: A) => ReactNode
  /** Only where there is room. */
  readonly wide?: boolean
}

interface Props<A> {
  /** What the rows are, for whoever hears the page. */
  readonly label: string
  readonly rows: ReadonlyArray<A>
  readonly columns: ReadonlyArray<Column<A>>
  readonly keyOf: (row: A) => string
  /** The first column leads there. */
  readonly href?: (row: A) => string
}

export const Rows = <A,>({ columns, href, keyOf, label, rows }: Props<A>) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what is cut off at the side has to be reached without a mouse
  <section className={styles.box} aria-label={label} tabIndex={0}>
    <table className={styles.rows}>
      <thead>
        <tr>
          {columns.map(({ name, wide }) => (
            <th key={name} scope="col" className={wide ? styles.wide : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ cell, name, wide }, i) => (
              <td key={name} data-name={name} className={wide ? styles.wide : undefined}>
                {i === 0 && href ? (
                  <a href={href(row)} className={styles.link}>
                    {cell(row)}
                  </a>
                ) : (
                  cell(row)
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </section>
)

interface MoreProps {
  readonly query: {
    readonly hasNextPage: boolean
    readonly isFetchingNextPage: boolean
    readonly fetchNextPage: () => unknown
  }
}

export const More = ({ query }: MoreProps) =>
  query.hasNextPage && (
    <div className={styles.more}>
      <Button variant="default" size="sm" loading={query.isFetchingNextPage} onClick={() => query.fetchNextPage()}>
        Show more
      </Button>
    </div>
  )
