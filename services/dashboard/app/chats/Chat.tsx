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
import { hrefOf, usePlace } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { Travel } from "../travel/Travel.tsx"
import styles from "./Chats.module.css"
import { Compose } from "./Compose.tsx"
import { titleOf } from "./Titles.ts"
import { wordsOf } from "./Words.ts"

export default function Chat({ id }: { readonly id: string }) {
  const { query } = usePlace()
  const nameOf = useDeviceName()
  const maySend = useMay("messages:send")
  const chat = useQuery({
    queryKey: ["chats", id],
    queryFn: ({ signal }) => ask(({ chats }) => chats.get({ params: { id } }), signal),
    refetchInterval: useEvery(true)
  })
  const now = useSaid(id, undefined)
  const said = useSaid(id, query.at)
  const moments = now.data?.pages.flatMap(({ items }) => items.map(({ recordedAt }) => recordedAt)) ?? []
  return (
    <Answered query={chat} label="conversation">
      {(shown) => (
        <>
          <Head title={titleOf(shown)} back={{ href: hrefOf(["chats"]), label: "Conversations" }}>
            {shown.phone && shown.name && `${shown.phone}, `}
            {shown.kind} at <a href={hrefOf(["devices", shown.device])}>{nameOf(shown.device)}</a>
          </Head>
          {moments.length > 0 && (
            <Travel
              at={query.at}
              from={moments.at(-1)!}
              to={latestOf(now.data?.pages[0]?.items[0]) ?? moments[0]!}
              moments={moments}
            />
          )}
          <Panel>
            <Answered query={said} label="what was said">
              {({ pages }) => {
                const items = pages.flatMap((page) => page.items)
                return items.length === 0 ? (
                  <Empty title={query.at ? "Nothing was said by then" : "Nothing was said yet"} icon="chats" />
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
            {maySend && query.at === undefined && shown.kind === "person" && shown.phone && (
              <Compose device={shown.device} to={shown.phone} />
            )}
          </Panel>
        </>
      )}
    </Answered>
  )
}

const pageOf = (id: string, at: string | undefined, after: string | null, signal: AbortSignal) => {
  const query = { limit: 50, ...(after && { after }), ...(at && { at }) }
  return ask(({ chats }: Client) => chats.messages({ params: { id }, query }), signal)
}

/** As it is, or as it was: what was does not change. */
const useSaid = (id: string, at: string | undefined) => {
  const every = useEvery(true)
  return useInfiniteQuery({
    queryKey: ["chats", id, "messages", at],
    queryFn: ({ pageParam, signal }) => pageOf(id, at, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: at === undefined && every,
    placeholderData: (before) => before
  })
}

/** When the newest that was said was changed last: a reaction, or an edit. */
const latestOf = (newest: Said | undefined): string | undefined => {
  if (newest === undefined) return undefined
  const { deletion, edit, reactions, recordedAt } = newest
  return [recordedAt, edit?.recordedAt, deletion?.recordedAt, ...reactions.map((one) => one.recordedAt)]
    .flatMap((moment) => moment ?? [])
    .toSorted()
    .at(-1)
}

type Said = Awaited<ReturnType<typeof pageOf>>["items"][number]

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
