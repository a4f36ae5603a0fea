import type { ReactNode } from "react"
import { Icon, type IconName } from "./Icon.tsx"
import styles from "./Mark.module.css"

export type Tone = "good" | "busy" | "warn" | "bad" | "calm"

/** How something stands: in a word, with a sign, and in a colour. */
export const Mark = ({
  children,
  icon,
  tone
}: {
  readonly children: ReactNode
  readonly icon: IconName
  readonly tone: Tone
}) => (
  <span className={styles.mark} data-tone={tone}>
    <Icon name={icon} size={14} />
    <span>{children}</span>
  </span>
)

const statuses: Record<string, readonly [Tone, IconName]> = {
  queued: ["calm", "clock"],
  attempting: ["busy", "trying"],
  unknown: ["warn", "question"],
  expired: ["warn", "clock"],
  failed: ["bad", "cross"],
  sent: ["busy", "sent"],
  delivered: ["good", "delivered"],
  read: ["good", "delivered"],
  played: ["good", "play"],
  pending: ["busy", "clock"],
  dead: ["bad", "dead"],
  pairing: ["busy", "link"],
  connected: ["good", "check"],
  disconnected: ["bad", "unlink"],
  logged_out: ["bad", "unlink"],
  ok: ["good", "check"],
  degraded: ["warn", "alert"],
  starting: ["busy", "clock"],
  enabled: ["good", "check"],
  disabled: ["warn", "cross"],
  active: ["good", "check"],
  retired: ["calm", "clock"],
  revoked: ["bad", "cross"]
}

export const toneOf = (status: string): Tone => statuses[status]?.[0] ?? "calm"

/** Of a message, a delivery, a device, an endpoint or a key. */
export const StatusMark = ({ status }: { readonly status: string }) => {
  const [tone, icon] = statuses[status] ?? ["calm", "question"]
  return (
    <Mark tone={tone} icon={icon}>
      {status.replaceAll("_", " ")}
    </Mark>
  )
}
