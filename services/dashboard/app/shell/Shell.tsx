import { ActionIcon, Drawer, useComputedColorScheme, useMantineColorScheme } from "@mantine/core"
import { Suspense, useEffect, useRef, useState } from "react"
import { SessionContext } from "../gateway/Allowed.ts"
import { may, type Session } from "../gateway/Session.ts"
import logo from "../homing.svg"
import { Icon } from "../look/Icon.tsx"
import { Empty, Loading } from "../look/States.tsx"
import { hrefOf, usePlace } from "../place/Place.ts"
import { Fence } from "./Fence.tsx"
import { LiveMark } from "./LiveMark.tsx"
import { Navigation } from "./Navigation.tsx"
import type { Page } from "./Page.ts"
import styles from "./Shell.module.css"

interface Props {
  readonly pages: ReadonlyArray<Page>
  readonly session: Session
}

/** What stands around every page. */
export const Shell = ({ pages, session }: Props) => {
  const { path } = usePlace()
  const shown = pages.filter(({ scopes }) => may(session, ...scopes))
  const [name = shown[0]!.path, id] = path
  const page = shown.find((one) => one.path === name)
  const main = useRef<HTMLElement>(null)
  const at = path.join("/")
  const before = useRef(at)
  // the menu is open at one place: whoever goes to another has closed it
  const [openedAt, setOpenedAt] = useState<string>()
  const opened = openedAt === at
  const close = () => setOpenedAt(undefined)
  useEffect(() => {
    document.title = `${page?.title ?? "Not found"} · Homing`
  }, [page])
  useEffect(() => {
    if (before.current === at) return
    before.current = at
    window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true }) // whoever hears the page hears the new one from its begin
  }, [at])
  const navigation = <Navigation pages={shown} current={page?.path} session={session} />
  return (
    <SessionContext value={session}>
      <button type="button" className={styles.skip} onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <div className={styles.frame}>
        <aside className={styles.side}>
          <Brand />
          {navigation}
        </aside>
        <div className={styles.body}>
          <header className={styles.head}>
            <ActionIcon
              className={styles.burger!}
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Open the menu"
              aria-expanded={opened}
              onClick={() => setOpenedAt(at)}
            >
              <Icon name="menu" size={22} />
            </ActionIcon>
            <span className={styles.where}>{page?.title ?? "Not found"}</span>
            <LiveMark />
            <SchemeToggle />
          </header>
          <main ref={main} id="main" tabIndex={-1} className={styles.main}>
            <Fence key={at}>
              <Suspense fallback={<Loading label={page?.title ?? "page"} />}>
                <Chosen page={page} id={id} />
              </Suspense>
            </Fence>
          </main>
        </div>
      </div>
      <Drawer
        opened={opened}
        onClose={close}
        returnFocus={openedAt === undefined || opened}
        size="17rem"
        title={<Brand />}
        closeButtonProps={{ "aria-label": "Close the menu" }}
      >
        {navigation}
      </Drawer>
    </SessionContext>
  )
}

const Chosen = ({ id, page }: { readonly page: Page | undefined; readonly id: string | undefined }) => {
  if (page === undefined) {
    return (
      <Empty title="There is nothing here" icon="question" action={<a href={hrefOf([])}>Go to the overview</a>}>
        The address names no page, or one that this key may not see.
      </Empty>
    )
  }
  return id !== undefined && page.One ? <page.One key={id} id={id} /> : <page.Component />
}

const Brand = () => (
  <span className={styles.brand}>
    <img src={logo} alt="" width={26} height={26} />
    Homing
  </span>
)

const SchemeToggle = () => {
  const scheme = useComputedColorScheme("light")
  const { setColorScheme } = useMantineColorScheme()
  const other = scheme === "light" ? "dark" : "light"
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={`Use ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      <Icon name={scheme === "light" ? "moon" : "sun"} />
    </ActionIcon>
  )
}
