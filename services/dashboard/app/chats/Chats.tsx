import { useInfiniteQuery } from "@tanstack/react-query"
import { useDeviceName } from "../devices/DeviceNames.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import { Head, Panel } from "../look/Head.tsx"
import { More, Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { titleOf } from "./Titles.ts"

export default function Chats() {
  const nameOf = useDeviceName()
  const chats = useInfiniteQuery({
    queryKey: ["chats", "list"],
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 50, ...(pageParam && { after: pageParam }) }
      return ask(({ chats }) => chats.list({ query }), signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: useEvery(true)
  })
  return (
    <>
      <Head title="Conversations">What devices and people say to each other; where something was said last first.</Head>
      <Panel flush>
        <Answered query={chats} label="conversations">
          {({ pages }) => {
            const rows = pages.flatMap(({ items }) => items)
            return rows.length === 0 ? (
              <Empty title="Nobody has said anything yet" icon="chats">
                A conversation begins with the first message in either direction.
              </Empty>
            ) : (
              <Rows
                label="Conversations"
                rows={rows}
                keyOf={({ id }) => id}
                href={({ id }) => hrefOf(["chats", id])}
                columns={[
                  { name: "With", cell: (chat) => <strong>{titleOf(chat)}</strong> },
                  { name: "Number", cell: ({ phone }) => phone ?? "", wide: true },
                  { name: "Kind", cell: ({ kind }) => kind, wide: true },
                  { name: "Device", cell: ({ device }) => nameOf(device) },
                  {
                    name: "Heard last",
                    cell: ({ lastHeardAt }) => (lastHeardAt ? <Moment at={lastHeardAt} /> : "never")
                  }
                ]}
              />
            )
          }}
        </Answered>
        <More query={chats} />
      </Panel>
    </>
  )
}
