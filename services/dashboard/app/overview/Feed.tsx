import { Fragment } from "react"
import { useDeviceName } from "../devices/DeviceNames.ts"
import { useLive } from "../gateway/Following.tsx"
import type { Happening } from "../gateway/Live.ts"
import { Icon, type IconName } from "../look/Icon.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import styles from "./Overview.module.css"

/** What happened since the page was opened, newest first. */
export const Feed = () => {
  const { happenings, standing } = useLive()
  if (standing.state === "off") {
    return (
      <Empty title="Not live" icon="live">
        {standing.why}
      </Empty>
    )
  }
  if (happenings.length === 0) {
    return (
      <Empty title="Quiet so far" icon="live">
        What is sent, received or paired from now on stands here at once.
      </Empty>
    )
  }
  return (
    <ol className={styles.feed}>
      {happenings.map((happening) => (
        <Line key={happening.id} happening={happening} />
      ))}
    </ol>
  )
}

const kindOf = (type: string) => type.split(".")[1] ?? ""
const wordOf = (type: string) => (type.split(".")[2] ?? type).replaceAll("_", " ")

const iconOf = (type: string): IconName =>
  (({ message: "out", inbound: "in", device: "device" })[kindOf(type)] as IconName | undefined) ?? "route"

const Line = ({ happening }: { readonly happening: Happening }) => {
  const { time, type } = happening
  return (
    <li>
      <span className={styles.icon}>
        <Icon name={iconOf(type)} size={16} />
      </span>
      <span className={styles.what}>
        <Said happening={happening} />
      </span>
      <Moment at={time} />
    </li>
  )
}

interface Heard {
  readonly sender?: { readonly name?: string; readonly phone?: string }
  readonly chat?: { readonly name?: string; readonly phone?: string }
  readonly kind?: string
  readonly content?: { readonly type?: string; readonly text?: string }
}

const Said = ({ happening: { data, subject, type } }: { readonly happening: Happening }) => {
  const nameOf = useDeviceName()
  if (kindOf(type) === "message") {
    const { to } = data as { readonly to?: string }
    return (
      <Fragment>
        <a href={hrefOf(["messages", subject])}>Message{to && ` to ${to}`}</a> <StatusMark status={wordOf(type)} />
      </Fragment>
    )
  }
  if (kindOf(type) === "device") {
    return (
      <Fragment>
        <a href={hrefOf(["devices", subject])}>{nameOf(subject)}</a> {wordOf(type)}
      </Fragment>
    )
  }
  const { chat, content, kind, sender } = data as Heard
  const who = sender?.name ?? sender?.phone ?? chat?.name ?? "somebody"
  return (
    <Fragment>
      {wordOf(type)} of <strong>{who}</strong>
      {content?.text ? `: ${content.text}` : kind && ` (${kind})`}
    </Fragment>
  )
}
