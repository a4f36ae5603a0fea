import { useDeviceName } from "../devices/DeviceNames.ts"
import { useEvery } from "../gateway/Following.tsx"
import { usePaged } from "../gateway/Paged.ts"
import { Head, Panel } from "../look/Head.tsx"
import { Listed } from "../look/Listed.tsx"
import { Rows } from "../look/Rows.tsx"
import { Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { titleOf } from "./Titles.ts"

export default function Chats() {
  const nameOf = useDeviceName()
  const chats = usePaged(["chats", "list"], ({ chats }, query) => chats.list({ query }), useEvery(true))
  return (
    <>
      <Head title="Conversations">What devices and people say to each other; where something was said last first.</Head>
      <Panel flush>
        <Listed
          query={chats}
          label="conversations"
          empty={
            <Empty title="Nobody has said anything yet" icon="chats">
              A conversation begins with the first message in either direction.
            </Empty>
          }
        >
          {(rows) => (
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
          )}
        </Listed>
      </Panel>
    </>
  )
}
