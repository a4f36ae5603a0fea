import { useQuery } from "@tanstack/react-query"
import { publicTypeNames } from "#services/api/PublicTypes.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import { Panel } from "../look/Head.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { Moment } from "../time/Moment.tsx"
import styles from "./Devices.module.css"

const types = publicTypeNames.filter((type) => type.startsWith("homing.device.")).join(",")
/** A device that had more to tell than this is shown from its beginning on, and said to have had more. */
const mostPages = 10

const meanings: Record<string, string> = {
  created: "Created.",
  renamed: "Given another name.",
  number_linked: "Its account's number was told.",
  paired: "A phone was linked to it.",
  connected: "Connected to WhatsApp.",
  disconnected: "Lost its connection",
  logged_out: "Its account was unlinked",
  link_requested: "Asked to pair again.",
  reconnect_requested: "Asked to connect anew.",
  unlink_requested: "Asked to unlink."
}

const historyOf = async (device: string, signal: AbortSignal) => {
  const found = []
  let after: string | undefined
  for (let page = 0; page < mostPages; page++) {
    const query = { types, device, limit: 500, ...(after !== undefined && { after }) }
    const { items, more, next } = await ask(({ events }) => events.list({ query }), signal)
    found.push(...items)
    if (!more || next === null) return { items: found, isWhole: true }
    after = next
  }
  return { items: found, isWhole: false }
}

/** What was recorded of a device, newest first. */
export const History = ({ id }: { readonly id: string }) => {
  const history = useQuery({
    queryKey: ["devices", id, "history"],
    queryFn: ({ signal }) => historyOf(id, signal),
    refetchInterval: useEvery(true)
  })
  return (
    <Panel title="History">
      <Answered query={history} label="history" rows={4}>
        {({ isWhole, items }) =>
          items.length === 0 ? (
            <Empty title="Nothing yet" icon="clock" />
          ) : (
            <>
              {!isWhole && <p>More was recorded than is shown here.</p>}
              <ol className={styles.history} reversed>
                {items.toReversed().map(({ data, id: event, time, type }) => {
                  const name = type.split(".")[2] ?? type
                  const { reason } = data
                  return (
                    <li key={event}>
                      <Moment at={time} />
                      <span>
                        {meanings[name] ?? name.replaceAll("_", " ")}
                        {typeof reason === "string" && `: ${reason.replaceAll("_", " ")}.`}
                      </span>
                    </li>
                  )
                })}
              </ol>
            </>
          )
        }
      </Answered>
    </Panel>
  )
}
