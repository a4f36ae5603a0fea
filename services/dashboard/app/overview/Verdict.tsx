import { Text } from "@mantine/core"
import { useDevices } from "../devices/DeviceNames.ts"
import { Icon, type IconName } from "../look/Icon.tsx"
import type { Tone } from "../look/Mark.tsx"
import { hrefOf } from "../place/Place.ts"
import { useNow } from "../time/Moment.tsx"
import styles from "./Overview.module.css"
import { useHealth, useStatistics, useWaiting } from "./Recent.ts"

interface Said {
  readonly tone: Tone
  readonly icon: IconName
  readonly title: string
  readonly more: string
  readonly href?: string
}

/** A message that waits for longer than this, with a device that is connected, is not on its way. */
const patienceMillis = 60_000
const recentMillis = 15 * 60_000

/** The answer to the question with which somebody opens the page. */
const useVerdict = (): Said => {
  const devices = useDevices().data?.items
  const waiting = useWaiting().data
  const statistics = useStatistics("hour").data
  const health = useHealth().data
  const now = useNow()
  const connected = devices?.filter(({ state }) => state === "connected").length
  const lost = devices?.filter(({ state }) => state === "disconnected" || state === "logged_out") ?? []
  const late = waiting?.oldest !== undefined && now - Date.parse(waiting.oldest) > patienceMillis
  const failed =
    statistics?.items
      .filter(({ at }) => now - Date.parse(at) < recentMillis)
      .reduce((sum, { failed }) => sum + failed, 0) ?? 0

  if (health?.reason) {
    return {
      tone: "bad",
      icon: "alert",
      title: "The gateway cannot do its part",
      more: `It says: ${health.reason.replaceAll("_", " ")}.`
    }
  }
  if (devices?.length === 0) {
    return {
      tone: "calm",
      icon: "device",
      title: "No WhatsApp account is linked yet",
      more: "Link one by its QR code to send the first message.",
      href: hrefOf(["devices"])
    }
  }
  if (devices !== undefined && connected === 0) {
    return {
      tone: "bad",
      icon: "alert",
      title: "Nothing gets through: no device is connected",
      more: "What is sent now waits for one, until its time is over.",
      href: hrefOf(["devices"])
    }
  }
  if (late) {
    return {
      tone: "warn",
      icon: "clock",
      title: "Some messages wait",
      more: "The oldest has waited for more than a minute.",
      href: hrefOf(["messages"], { status: "queued" })
    }
  }
  if (lost.length > 0) {
    return {
      tone: "warn",
      icon: "alert",
      title: `${lost.length} of ${devices?.length} devices ${lost.length === 1 ? "is" : "are"} not connected`,
      more: "Messages of the others get through.",
      href: hrefOf(["devices"])
    }
  }
  if (failed > 0) {
    return {
      tone: "warn",
      icon: "alert",
      title: `Messages get through; ${failed} failed in the last quarter of an hour`,
      more: "See why.",
      href: hrefOf(["messages"], { status: "failed" })
    }
  }
  if (statistics === undefined && devices === undefined) {
    return { tone: "calm", icon: "overview", title: "Overview", more: "What this key may see." }
  }
  return {
    tone: "good",
    icon: "check",
    title: "Messages get through",
    more: "Every linked device is connected, and nothing waits for long."
  }
}

export const Verdict = () => {
  const { href, icon, more, title, tone } = useVerdict()
  return (
    <div className={styles.verdict} data-tone={tone} role="status">
      <Icon name={icon} size={26} />
      <div>
        <Text fw={650} size="lg">
          {title}
        </Text>
        <Text size="sm">
          {more} {href && <a href={href}>Look</a>}
        </Text>
      </div>
    </div>
  )
}
