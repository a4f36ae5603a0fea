import { Button, Skeleton, Text } from "@mantine/core"
import type { UseQueryResult } from "@tanstack/react-query"
import type { ReactNode } from "react"
import { Refused } from "../gateway/Gateway.ts"
import { Icon, type IconName } from "./Icon.tsx"
import styles from "./States.module.css"

/** What is there while there is nothing yet: shapes of what comes, an answer that is empty, or one that did not come. */

export const Loading = ({ label, rows = 6 }: { readonly label: string; readonly rows?: number }) => (
  <div role="status" aria-label={`Loading: ${label}`} className={styles.loading}>
    {Array.from({ length: rows }, (_, row) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
      <Skeleton key={row} height={row === 0 ? 28 : 18} width={row === 0 ? "40%" : `${96 - 7 * (row % 3)}%`} />
    ))}
  </div>
)

interface EmptyProps {
  readonly title: string
  readonly children?: ReactNode
  readonly icon?: IconName
  readonly action?: ReactNode
}

/** Says what to do next. */
export const Empty = ({ action, children, icon = "empty", title }: EmptyProps) => (
  <div className={styles.empty}>
    <Icon name={icon} size={32} />
    <Text fw={600}>{title}</Text>
    {children && (
      <Text c="dimmed" size="sm" component="div" maw="34rem">
        {children}
      </Text>
    )}
    {action}
  </div>
)

/** What helps, by a problem's code. Every code says by its title what is wrong. */
const remedies: Record<string, string> = {
  unreachable:
    "See whether the gateway runs and whether this machine is on its network. The page tries again by itself.",
  not_ours: "See what stands between this page and the gateway: a proxy may answer in its place.",
  forbidden: "Log in with a key that has the scope, or have an administrator issue one.",
  rate_limited: "Wait some seconds, and try again.",
  starting: "It reads its log; this takes seconds, and minutes after a long outage.",
  out_of_date: "Its event store does not answer. See to the store; nothing is lost.",
  store_unavailable: "See to the event store: what was accepted is kept, and goes on when it answers.",
  internal: "Look for the id in the gateway's log."
}

interface ProblemProps {
  readonly error: Error
  readonly onRetry?: () => void
}

export const Problem = ({ error, onRetry }: ProblemProps) => {
  const { code, detail, id, title } =
    error instanceof Refused
      ? error
      : { code: "page", detail: error.message, id: undefined, title: "The page itself has failed." }
  return (
    <div className={styles.problem} role="alert">
      <Icon name="alert" size={22} />
      <div>
        <Text fw={600}>{title}</Text>
        {detail && detail !== title && <Text size="sm">{detail}</Text>}
        {remedies[code] && <Text size="sm">{remedies[code]}</Text>}
        <Text size="xs" className={styles.code}>
          <code>{code}</code>
          {id && (
            <>
              {" · id "}
              <code>{id}</code>
            </>
          )}
        </Text>
        {onRetry && (
          <Button size="xs" variant="default" mt="xs" leftSection={<Icon name="retry" size={14} />} onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </div>
  )
}

interface AnsweredProps<A> {
  readonly query: UseQueryResult<A>
  readonly label: string
  readonly rows?: number
  readonly children: (answer: A) => ReactNode
}

/** An answer, or what there is in its place. One that is there stays when the next does not come: with a word above it. */
export const Answered = <A,>({ children, label, query, rows = 6 }: AnsweredProps<A>) => {
  const { data, error } = query
  const retry = () => void query.refetch()
  if (data === undefined)
    return error ? <Problem error={error} onRetry={retry} /> : <Loading label={label} rows={rows} />
  return (
    <>
      {error && <Problem error={error} onRetry={retry} />}
      {children(data)}
    </>
  )
}
