import { Skeleton, Text } from "@mantine/core"
import { lazy, type ReactNode, Suspense } from "react"
import { useDevices } from "../devices/DeviceNames.ts"
import { useMay } from "../gateway/Allowed.ts"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment, useNow } from "../time/Moment.tsx"
import { Feed } from "./Feed.tsx"
import styles from "./Overview.module.css"
import { failuresOf, funnelOf, perMinute, sampleSize, useHealth, useRecent, useWaiting } from "./Recent.ts"
import { Verdict } from "./Verdict.tsx"

const Throughput = lazy(() => import("./Throughput.tsx"))

export default function Overview() {
  const mayRead = useMay("messages:read")
  const maySeeDevices = useMay("devices:read")
  return (
    <>
      <Head title="Overview">Are messages getting through?</Head>
      <Verdict />
      <Figures />
      <div className={styles.columns}>
        <div>
          {mayRead && <Traffic />}
          {maySeeDevices && <Devices />}
        </div>
        <Panel title="Happening now">
          <Feed />
        </Panel>
      </div>
    </>
  )
}

const Figure = ({
  children,
  label,
  note
}: {
  readonly label: string
  readonly children: ReactNode
  readonly note?: ReactNode
}) => (
  <div className={styles.figure}>
    <dt>{label}</dt>
    <dd>
      {children ?? <Skeleton height={28} width={64} />}
      {note && <span className={styles.note}>{note}</span>}
    </dd>
  </div>
)

const percent = (part: number, whole: number) => (whole === 0 ? "—" : `${Math.round((100 * part) / whole)} %`)

const Figures = () => {
  const devices = useDevices().data?.items
  const waiting = useWaiting().data
  const recent = useRecent().data?.items
  const health = useHealth().data
  const funnel = recent && funnelOf(recent)
  const failed = recent?.filter(({ status }) => ["failed", "expired"].includes(status)).length
  return (
    <dl className={styles.figures}>
      {useMay("devices:read") && (
        <Figure label="Devices connected">
          {devices && `${devices.filter(({ state }) => state === "connected").length} of ${devices.length}`}
        </Figure>
      )}
      {useMay("messages:read") && (
        <>
          <Figure
            label="Waiting"
            note={
              waiting?.oldest && (
                <>
                  oldest <Moment at={waiting.oldest} />
                </>
              )
            }
          >
            {waiting && `${waiting.count}${waiting.isLeast ? "+" : ""}`}
          </Figure>
          <Figure label="Delivered" note={recent && `of the last ${recent.length}`}>
            {funnel && percent(funnel[2]!.count, funnel[0]!.count)}
          </Figure>
          <Figure label="Failed or expired" note={recent && `of the last ${recent.length}`}>
            {failed}
          </Figure>
        </>
      )}
      {useMay("metrics:read") && (
        <Figure label="Gateway" note={health && `version ${health.version}`}>
          {health && <StatusMark status={health.status} />}
        </Figure>
      )}
    </dl>
  )
}

const Traffic = () => {
  const recent = useRecent()
  const now = Math.floor(useNow() / 10_000) * 10_000
  return (
    <Answered query={recent} label="traffic">
      {({ items }) =>
        items.length === 0 ? (
          <Panel>
            <Empty title="No messages yet" icon="messages">
              Send the first with <code>POST /v1/messages</code>: it stands here while it is on its way.
            </Empty>
          </Panel>
        ) : (
          <>
            <Panel
              title="Accepted, by the minute"
              aside={
                <Text size="xs" c="dimmed">
                  last 30 minutes, at most {sampleSize} messages
                </Text>
              }
            >
              <Suspense fallback={<Skeleton height={200} />}>
                <Throughput data={perMinute(items, now)} />
              </Suspense>
            </Panel>
            <Panel
              title="How far they came"
              aside={
                <Text size="xs" c="dimmed">
                  the last {items.length} messages
                </Text>
              }
            >
              <Funnel steps={funnelOf(items)} />
              <Failures items={failuresOf(items)} />
            </Panel>
          </>
        )
      }
    </Answered>
  )
}

const Funnel = ({ steps }: { readonly steps: ReturnType<typeof funnelOf> }) => {
  const all = steps[0]?.count ?? 0
  return (
    <ul className={styles.funnel}>
      {steps.map(({ count, step }) => (
        <li key={step}>
          <span>{step}</span>
          <span className={styles.track}>
            <span className={styles.bar} style={{ width: `${all === 0 ? 0 : (100 * count) / all}%` }} />
          </span>
          <span className={styles.count}>
            {count} <small>{percent(count, all)}</small>
          </span>
        </li>
      ))}
    </ul>
  )
}

const Failures = ({ items }: { readonly items: ReturnType<typeof failuresOf> }) =>
  items.length > 0 && (
    <div className={styles.failures}>
      <Text size="sm" fw={600}>
        Why some did not
      </Text>
      <ul>
        {items.map(({ code, count }) => (
          <li key={code}>
            <a href={hrefOf(["messages"], { q: code })}>
              <code>{code}</code>
            </a>{" "}
            <strong>{count}</strong>
          </li>
        ))}
      </ul>
    </div>
  )

const Devices = () => {
  const devices = useDevices()
  return (
    <Panel title="Devices" aside={<a href={hrefOf(["devices"])}>All</a>}>
      <Answered query={devices} label="devices" rows={2}>
        {({ items }) => (
          <ul className={styles.devices}>
            {items.slice(0, 8).map(({ id, name, since, state }) => (
              <li key={id}>
                <a href={hrefOf(["devices", id])}>{name ?? id}</a>
                <StatusMark status={state} />
                <Moment at={since} />
              </li>
            ))}
            {items.length === 0 && <li>None yet.</li>}
          </ul>
        )}
      </Answered>
    </Panel>
  )
}
