import { useEvery } from "../gateway/Following.tsx"
import { usePaged } from "../gateway/Paged.ts"
import { Panel } from "../look/Head.tsx"
import { Listed } from "../look/Listed.tsx"
import { Empty } from "../look/States.tsx"
import { Moment } from "../time/Moment.tsx"
import styles from "./Devices.module.css"

const meanings: Record<string, string> = {
  created: "Created",
  renamed: "Given another name",
  number_linked: "Its account's number was told",
  paired: "A phone was linked to it",
  connected: "Connected to WhatsApp",
  disconnected: "Lost its connection",
  logged_out: "Its account was unlinked",
  link_requested: "Asked to pair again",
  reconnect_requested: "Asked to connect anew",
  unlink_requested: "Asked to unlink"
}

const speakers: Record<string, string> = {
  api_key: "by a key",
  agent: "said by its agent",
  gateway: "by the gateway"
}

/** What was recorded of a device, newest first. */
export const useHistory = (id: string) =>
  usePaged(
    ["devices", id, "history"],
    ({ devices }, query) => devices.history({ params: { id }, query }),
    useEvery(true)
  )

export const History = ({ id }: { readonly id: string }) => {
  const history = useHistory(id)
  return (
    <Panel title="History">
      <Listed query={history} label="history" lines={4} empty={<Empty title="Nothing yet" icon="clock" />}>
        {(items) => (
          <ol className={styles.history} reversed>
            {items.map(({ at, by, happened, id: event, reason }) => (
              <li key={event}>
                <Moment at={at} />
                <span>
                  {meanings[happened] ?? happened.replaceAll("_", " ")}
                  {reason && `: ${reason.replaceAll("_", " ")}`}, {speakers[by] ?? by}.
                </span>
              </li>
            ))}
          </ol>
        )}
      </Listed>
    </Panel>
  )
}
