import { useLive } from "../gateway/Following.tsx"
import { Mark } from "../look/Mark.tsx"
import { agoOf, useNow } from "../time/Moment.tsx"
import styles from "./Shell.module.css"

/** How long a connection may take before anybody is told that there is none. */
const graceMillis = 1_500

/** Whether what is shown is what is. */
export const LiveMark = () => {
  const { standing } = useLive()
  const now = useNow()
  if (standing.state === "off") {
    return (
      <span className={styles.live} role="status" title={standing.why}>
        <Mark tone="calm" icon="clock">
          Not live
        </Mark>
      </span>
    )
  }
  const isLost = standing.state === "connecting" && now - standing.since > graceMillis
  return (
    <span
      className={styles.live}
      role="status"
      title={
        isLost ? "What is shown may be old. The page connects again by itself." : "Told what happens, as it happens."
      }
    >
      {isLost ? (
        <Mark tone="warn" icon="retry">
          Reconnecting<span className={styles.wide}>, lost {agoOf(standing.since - now)}</span>
        </Mark>
      ) : (
        <Mark tone={standing.state === "live" ? "good" : "calm"} icon="live">
          {standing.state === "live" ? "Live" : "Connecting"}
        </Mark>
      )}
    </span>
  )
}
