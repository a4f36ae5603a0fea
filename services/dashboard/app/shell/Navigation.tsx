import { Button, Text } from "@mantine/core"
import { useMutation } from "@tanstack/react-query"
import { logOut, type Session } from "../gateway/Session.ts"
import { Icon } from "../look/Icon.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import styles from "./Navigation.module.css"
import type { Page } from "./Page.ts"

const groups = ["Traffic", "Delivery", "Proof", "Administration"] as const

interface Props {
  readonly pages: ReadonlyArray<Page>
  readonly current: string | undefined
  readonly session: Session
}

export const Navigation = ({ current, pages, session }: Props) => {
  const leave = useMutation({ mutationFn: logOut })
  return (
    <>
      <nav aria-label="Pages" className={styles.nav}>
        {groups.map((group) => {
          const some = pages.filter((page) => page.group === group)
          return (
            some.length > 0 && (
              <div key={group}>
                <p className={styles.group}>{group}</p>
                <ul className={styles.list}>
                  {some.map(({ icon, path, title }) => (
                    <li key={path}>
                      <a
                        href={hrefOf([path])}
                        className={styles.link}
                        aria-current={path === current ? "page" : undefined}
                      >
                        <Icon name={icon} />
                        {title}
                      </a>
                    </li>
                  ))}
                </ul>
              </div>
            )
          )
        })}
      </nav>
      <div className={styles.who}>
        <Text size="sm" fw={600} truncate>
          {session.client.name ?? "API client"}
        </Text>
        <Text size="xs" c="dimmed">
          Session ends <Moment at={session.expiresAt} />
        </Text>
        <Button
          variant="default"
          size="xs"
          mt="xs"
          fullWidth
          leftSection={<Icon name="session" size={14} />}
          loading={leave.isPending}
          onClick={() => leave.mutate()}
        >
          Log out
        </Button>
        {leave.error && (
          <Text size="xs" c="red" role="alert">
            {leave.error.message}
          </Text>
        )}
      </div>
    </>
  )
}
