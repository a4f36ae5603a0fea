import { Text, Title } from "@mantine/core"
import { type ReactNode, useId } from "react"
import styles from "./Head.module.css"
import { Icon } from "./Icon.tsx"

interface Props {
  readonly title: ReactNode
  readonly children?: ReactNode
  /** At its right end. */
  readonly actions?: ReactNode
  /** Where it is one of. */
  readonly back?: { readonly href: string; readonly label: string }
}

/** How a page begins: what it is, in a sentence what of it, and what can be done. */
export const Head = ({ actions, back, children, title }: Props) => (
  <div className={styles.head}>
    <div className={styles.words}>
      {back && (
        <a href={back.href} className={styles.back}>
          <Icon name="back" size={14} /> {back.label}
        </a>
      )}
      <Title order={1} size="h3">
        {title}
      </Title>
      {children && (
        <Text c="dimmed" size="sm" component="div">
          {children}
        </Text>
      )}
    </div>
    {actions && <div className={styles.actions}>{actions}</div>}
  </div>
)

interface PanelProps {
  readonly title?: ReactNode
  readonly aside?: ReactNode
  readonly children: ReactNode
  /** Without room at its sides: for tables. */
  readonly flush?: boolean
}

/** A part of a page; one with a title can be gone to by it. */
export const Panel = ({ aside, children, flush = false, title }: PanelProps) => {
  const id = useId()
  return (
    <section className={styles.panel} aria-labelledby={title ? id : undefined}>
      {title && (
        <div className={styles.top}>
          <Title order={2} size="h5" id={id}>
            {title}
          </Title>
          {aside}
        </div>
      )}
      <div className={flush ? undefined : styles.inside}>{children}</div>
    </section>
  )
}
