import { Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useDeviceName } from "../devices/DeviceNames.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Answered } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { Evidence } from "./Evidence.tsx"
import styles from "./Messages.module.css"
import { recipientOf, type Shown, textOf } from "./Shown.ts"

export default function Message({ id }: { readonly id: string }) {
  const every = useEvery(true)
  const message = useQuery({
    queryKey: ["messages", "one", id],
    queryFn: ({ signal }) => ask(({ messages }) => messages.get({ params: { id } }), signal),
    refetchInterval: every
  })
  return (
    <Answered query={message} label="message">
      {(shown) => (
        <>
          <Head
            title={recipientOf(shown)}
            back={{ href: hrefOf(["messages"]), label: "Messages" }}
            actions={<StatusMark status={shown.status} />}
          >
            Accepted <Moment at={shown.createdAt} />, changed <Moment at={shown.updatedAt} />
          </Head>
          <About message={shown} />
          <Evidence id={id} />
        </>
      )}
    </Answered>
  )
}

const About = ({ message }: { readonly message: Shown }) => {
  const nameOf = useDeviceName()
  const { device, error, expiresAt, id, replyTo, status, tags, waMessageId } = message
  const isOpen = status === "queued" || status === "attempting"
  return (
    <Panel>
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
            [isOpen ? "Given up" : "Would have been given up", <Moment key="until" at={expiresAt} />],
            ...Object.entries(tags).map(([name, value]) => [`Tag ${name}`, value] as const)
          ]}
        />
      </div>
    </Panel>
  )
}
