import { SegmentedControl, Skeleton, Text } from "@mantine/core"
import { lazy, type ReactNode, Suspense, useState } from "react"
import { useDevices } from "../devices/DeviceNames.ts"
import { useMay } from "../gateway/Allowed.ts"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Answered } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { Feed } from "./Feed.tsx"
import styles from "./Overview.module.css"
import {
  failuresOf,
  funnelOf,
  medianOf,
  type Range,
  ranges,
  stepsOf,
  useHealth,
  useStatistics,
  useWaiting
} from "./Recent.ts"
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

const tookOf = (millis: number) => (millis < 1_000 ? `${millis} ms` : `${Math.round(millis / 1_000)} s`)

const Figures = () => {
  const devices = useDevices().data?.items
  const pairing = devices?.filter(({ state }) => state === "pairing").length ?? 0
  const waiting = useWaiting().data
  const statistics = useStatistics("hour").data
  const health = useHealth().data
  const median = statistics && medianOf(statistics.total.latency.sent)
  return (
    <dl className={styles.figures}>
      {useMay("devices:read") && (
        <Figure label="Devices connected" note={pairing > 0 && `${pairing} not linked yet`}>
          {devices && `${devices.filter(({ state }) => state === "connected").length} of ${devices.length - pairing}`}
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
          <Figure label="Sent" note="in the last hour">
            {statistics?.total.sent}
          </Figure>
          <Figure label="Failed or expired" note="in the last hour">
            {statistics && statistics.total.failed + statistics.total.expired}
          </Figure>
          <Figure label="Median until sent" note="in the last hour">
            {statistics && (median === undefined ? "—" : tookOf(median))}
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

const choices = Object.entries(ranges).map(([value, { label }]) => ({ value, label }))
const isRange = (word: string): word is Range => Object.hasOwn(ranges, word)

const Traffic = () => {
  const [range, setRange] = useState<Range>("hour")
  const statistics = useStatistics(range)
  return (
    <Answered query={statistics} label="traffic">
      {(told) => (
        <>
          <Panel
            title="Traffic"
            aside={
              <SegmentedControl
                size="xs"
                aria-label="How far back"
                data={choices}
                value={range}
                onChange={(value) => isRange(value) && setRange(value)}
              />
            }
          >
            <Suspense fallback={<Skeleton height={200} />}>
              <Throughput data={stepsOf(told)} />
            </Suspense>
          </Panel>
          <Panel
            title="How far they came"
            aside={
              <Text size="xs" c="dimmed">
                {ranges[range].label.toLowerCase()}
              </Text>
            }
          >
            <Funnel steps={funnelOf(told)} />
            <Failures items={failuresOf(told)} />
          </Panel>
        </>
      )}
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
