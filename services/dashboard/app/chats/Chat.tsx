import { useInfiniteQuery, useQuery } from "@tanstack/react-query"
import { useDeviceName } from "../devices/DeviceNames.ts"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask, type Client } from "../gateway/Gateway.ts"
import { Head, Panel } from "../look/Head.tsx"
import { Icon } from "../look/Icon.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { More } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import styles from "./Chats.module.css"
import { Compose } from "./Compose.tsx"
import { titleOf } from "./Titles.ts"
import { wordsOf } from "./Words.ts"

export default function Chat({ id }: { readonly id: string }) {
  const every = useEvery(true)
  const nameOf = useDeviceName()
  const maySend = useMay("messages:send")
  const chat = useQuery({
    queryKey: ["chats", id],
    queryFn: ({ signal }) => ask(({ chats }) => chats.get({ params: { id } }), signal),
    refetchInterval: every
  })
  const said = useInfiniteQuery({
    queryKey: ["chats", id, "messages"],
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 50, ...(pageParam && { after: pageParam }) }
      return ask(({ chats }) => chats.messages({ params: { id }, query }), signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: every
  })
  return (
    <Answered query={chat} label="conversation">
      {(shown) => (
        <>
          <Head title={titleOf(shown)} back={{ href: hrefOf(["chats"]), label: "Conversations" }}>
            {shown.phone && shown.name && `${shown.phone}, `}
            {shown.kind} at <a href={hrefOf(["devices", shown.device])}>{nameOf(shown.device)}</a>
          </Head>
          <Panel>
            <Answered query={said} label="what was said">
              {({ pages }) => {
                const items = pages.flatMap((page) => page.items)
                return items.length === 0 ? (
                  <Empty title="Nothing was said yet" icon="chats" />
                ) : (
                  <>
                    <More query={said} />
                    <ol className={styles.talk}>
                      {items.toReversed().map((one) => (
                        <Bubble key={one.id} said={one} />
                      ))}
                    </ol>
                  </>
                )
              }}
            </Answered>
            {maySend && shown.kind === "person" && shown.phone && <Compose device={shown.device} to={shown.phone} />}
          </Panel>
        </>
      )}
    </Answered>
  )
}

type Page =
  ReturnType<Client["chats"]["messages"]> extends import("effect").Effect.Effect<infer A, infer _E> ? A : never
type Said = Extract<Page, { readonly items: unknown }>["items"][number]

const Bubble = ({ said }: { readonly said: Said }) => {
  const { conflicting, deletion, edit, fromMe, id, isHistory, origin, reactions, recordedAt, sender, sentAt, status } =
    said
  return (
    <li className={styles.said} data-own={fromMe}>
      {!fromMe && sender && <span className={styles.who}>{titleOf(sender)}</span>}
      <p className={styles.words}>{deletion ? <em>Deleted</em> : wordsOf(said)}</p>
      {reactions.length > 0 && (
        <span className={styles.reactions}>
          {reactions.map(({ emoji, fact }) => (
            <span key={fact}>{emoji}</span>
          ))}
        </span>
      )}
      <span className={styles.below}>
        <Moment at={sentAt ?? recordedAt} />
        {edit && "edited"}
        {isHistory && "from before it was linked"}
        {conflicting && (
          <span title="Another fact has the same id of WhatsApp and says something else.">
            <Icon name="alert" size={14} /> conflicting
          </span>
        )}
        {status &&
          (origin === "sent" ? (
            <a href={hrefOf(["messages", id])} aria-label={`${status}: its timeline`}>
              <StatusMark status={status} />
            </a>
          ) : (
            <StatusMark status={status} />
          ))}
      </span>
    </li>
  )
}
