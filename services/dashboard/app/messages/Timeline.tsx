import type { Finding } from "#domain/evidence/Evidence.ts"
import { flaws } from "#domain/evidence/Evidence.ts"
import { messageCodes } from "#domain/message/Codes.ts"
import type { MessageHistory } from "#services/api/MessagesApi.ts"
import { Mark, StatusMark, toneOf } from "../look/Mark.tsx"
import { Moment } from "../time/Moment.tsx"
import styles from "./Messages.module.css"

const meanings: Record<string, string> = {
  queued: "Accepted: durable in the log before the caller heard of it.",
  attempting: "The agent tries; WhatsApp has not answered yet.",
  unknown: "It may have left; only WhatsApp's word could settle it.",
  expired: "Its time was over before anything left.",
  failed: "WhatsApp refused it.",
  sent: "WhatsApp's server acknowledged our message id.",
  delivered: "A device of the recipient has it.",
  read: "The recipient opened it.",
  played: "The recipient listened to it."
}

type Item = (typeof MessageHistory.Type)["items"][number]

interface Props {
  readonly items: ReadonlyArray<Item>
  readonly findings?: ReadonlyArray<Finding>
  /** What was recorded later is not shown. */
  readonly at: string | undefined
}

/** Everything that was recorded, oldest first, with whose word it is. */
export const Timeline = ({ at, findings, items }: Props) => {
  const start = Date.parse(items[0]?.recordedAt ?? "")
  const shown = at === undefined ? items : items.filter(({ recordedAt }) => Date.parse(recordedAt) <= Date.parse(at))
  const later = items.length - shown.length
  return (
    <>
      <ol className={styles.timeline}>
        {shown.map((item, i) => (
          <Event key={item.id} item={item} start={start} {...(findings?.[i] && { finding: findings[i] })} />
        ))}
      </ol>
      {later > 0 && (
        <p className={styles.later}>
          {later} {later === 1 ? "event" : "events"} came later.
        </p>
      )}
    </>
  )
}

const tookOf = (millis: number) =>
  millis < 1_000
    ? `+${millis} ms`
    : millis < 60_000
      ? `+${(millis / 1_000).toFixed(1)} s`
      : `+${Math.round(millis / 60_000)} min`

const Event = ({
  finding,
  item,
  start
}: {
  readonly item: Item
  readonly start: number
  readonly finding?: Finding
}) => {
  const name = item.type.split(".")[1] ?? item.type
  const { code } = item.data
  const millis = Date.parse(item.recordedAt) - start
  return (
    <li className={styles.event} data-tone={toneOf(name)}>
      <div className={styles.when}>
        <Moment at={item.recordedAt} />
        <br />
        {item.revision === 0 ? "the beginning" : tookOf(millis)}
      </div>
      <div>
        <StatusMark status={name} /> {meanings[name]}
        {typeof code === "string" && (
          <div>
            <code>{code}</code>{" "}
            {code in messageCodes ? messageCodes[code as keyof typeof messageCodes] : "WhatsApp's own code."}
          </div>
        )}
        <Signature finding={finding} hasBytes={item.evidence !== undefined} />
        <details>
          <summary>As it was recorded</summary>
          <pre>
            {JSON.stringify({ id: item.id, type: item.type, revision: item.revision, data: item.data }, undefined, 2)}
          </pre>
        </details>
      </div>
    </li>
  )
}

const Signature = ({ finding, hasBytes }: { readonly finding: Finding | undefined; readonly hasBytes: boolean }) => {
  if (finding === undefined)
    return <div className={styles.finding}>{hasBytes ? "Signed; not checked yet." : "The gateway's own word."}</div>
  if (finding._tag === "Unsigned") {
    return <div className={styles.finding}>Recorded by the gateway: its own word, which nobody signs.</div>
  }
  if (finding._tag === "Refuted") {
    return (
      <div className={styles.finding}>
        <Mark tone="bad" icon="cross">
          does not hold
        </Mark>
        {flaws[finding.flaw]}
      </div>
    )
  }
  const { agent, attempt, keyId } = finding.header
  return (
    <div className={styles.finding}>
      <Mark tone="good" icon="seal">
        signature holds
      </Mark>
      agent <code>{agent}</code>, key <code>{keyId}</code>, attempt {attempt}
    </div>
  )
}
