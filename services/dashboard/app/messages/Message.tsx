import { Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useDeviceName } from "../devices/DeviceNames.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask, Refused } from "../gateway/Gateway.ts"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf, usePlace } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { Travel } from "../travel/Travel.tsx"
import { Evidence } from "./Evidence.tsx"
import styles from "./Messages.module.css"
import { recipientOf, type Shown, textOf } from "./Shown.ts"

export default function Message({ id }: { readonly id: string }) {
  const { query } = usePlace()
  const now = useMessage(id, undefined)
  const then = useMessage(id, query.at)
  const history = useHistory(id)
  return (
    <Answered query={now} label="message">
      {(shown) => (
        <>
          <Head
            title={recipientOf(shown)}
            back={{ href: hrefOf(["messages"]), label: "Messages" }}
            actions={<StatusMark status={shown.status} />}
          >
            Accepted <Moment at={shown.createdAt} />, changed <Moment at={shown.updatedAt} />
          </Head>
          <Travel
            at={query.at}
            from={shown.createdAt}
            to={shown.updatedAt}
            moments={history.data?.items.map(({ recordedAt }) => recordedAt) ?? []}
          />
          {isNotYet(then.error) ? (
            <Panel>
              <Empty title="It was not there yet" icon="clock">
                At that moment the gateway had not accepted it.
              </Empty>
            </Panel>
          ) : (
            <Answered query={then} label="the message as it was">
              {(was) => <About message={was} isPast={query.at !== undefined} />}
            </Answered>
          )}
          <Answered query={history} label="history">
            {(told) => <Evidence history={told} at={query.at} />}
          </Answered>
        </>
      )}
    </Answered>
  )
}

const isNotYet = (error: Error | null) => error instanceof Refused && error.code === "message_not_found"

/** As it is, or as it was: what was does not change. */
const useMessage = (id: string, at: string | undefined) => {
  const every = useEvery(true)
  return useQuery({
    queryKey: ["messages", "one", id, at],
    queryFn: ({ signal }) => ask(({ messages }) => messages.get({ params: { id }, query: at ? { at } : {} }), signal),
    refetchInterval: at === undefined && every,
    placeholderData: (before) => before
  })
}

const useHistory = (id: string) =>
  useQuery({
    queryKey: ["messages", "history", id],
    queryFn: ({ signal }) => ask(({ messages }) => messages.events({ params: { id } }), signal),
    refetchInterval: useEvery(true)
  })

const About = ({ isPast, message }: { readonly message: Shown; readonly isPast: boolean }) => {
  const nameOf = useDeviceName()
  const { device, error, expiresAt, id, replyTo, status, tags, waMessageId } = message
  const isOpen = status === "queued" || status === "attempting"
  return (
    <Panel {...(isPast && { title: "As it was", aside: <StatusMark status={status} /> })}>
      <p className={styles.bubble}>{textOf(message)}</p>
      {error && (
        <Text size="sm" mt="sm" c="var(--bad)">
          <code>{error.code}</code>: {error.detail}
        </Text>
      )}
      <div className={styles.facts}>
        <Facts
          of={[
            ["Id", <Copied key="id" value={id} label="the message's id" />],
            [
              "From",
              <a key="from" href={hrefOf(["devices", device])}>
                {nameOf(device)}
              </a>
            ],
            ["WhatsApp's id", waMessageId && <Copied value={waMessageId} label="WhatsApp's id" />],
            ["Replies to", replyTo && <Copied value={replyTo} label="the id of what it replies to" />],
            ["Given up", isOpen && <Moment key="until" at={expiresAt} />],
            ...Object.entries(tags).map(([name, value]) => [`Tag ${name}`, value] as const)
          ]}
        />
      </div>
    </Panel>
  )
}
