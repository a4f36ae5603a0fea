import { ActionIcon, CopyButton } from "@mantine/core"
import type { ReactNode } from "react"
import styles from "./Facts.module.css"
import { Icon } from "./Icon.tsx"

/** What is known of one thing, a line each. What is `undefined` is left out. */
export const Facts = ({
  below = false,
  of
}: {
  readonly of: ReadonlyArray<readonly [name: string, value: ReactNode]>
  /** Something comes below them. */
  readonly below?: boolean
}) => (
  <dl className={styles.facts} data-below={below}>
    {of.map(([name, value]) =>
      value === undefined || value === null || value === false ? null : (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      )
    )}
  </dl>
)

/** An id, a number or a secret, as it is, to be taken along. */
export const Copied = ({
  label,
  short = false,
  value
}: {
  readonly value: string
  readonly label: string
  readonly short?: boolean
}) => (
  <span className={styles.copied}>
    <code title={value}>{short && value.length > 13 ? `${value.slice(0, 8)}…` : value}</code>
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          onClick={copy}
          aria-label={copied ? "Copied" : `Copy ${label}`}
        >
          <Icon name={copied ? "check" : "copy"} size={14} />
        </ActionIcon>
      )}
    </CopyButton>
  </span>
)
