import { Select, TextInput } from "@mantine/core"
import { useInfiniteQuery } from "@tanstack/react-query"
import { type Status, statuses } from "#domain/message/Status.ts"
import { useDeviceName, useDevices } from "../devices/DeviceNames.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import { Head, Panel } from "../look/Head.tsx"
import { Icon } from "../look/Icon.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { More, Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf, say, usePlace } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import styles from "./Messages.module.css"
import { matches, recipientOf, type Shown, textOf } from "./Shown.ts"

const isStatus = (word: string | undefined): word is Status => statuses.some((status) => status === word)

const useMessages = (status: Status | undefined, device: string | undefined) =>
  useInfiniteQuery({
    queryKey: ["messages", "list", status, device],
    queryFn: ({ pageParam, signal }) => {
      const query = {
        limit: 50,
        ...(status && { status }),
        ...(device && { device }),
        ...(pageParam && { after: pageParam })
      }
      return ask(({ messages }) => messages.list({ query }), signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: useEvery(true)
  })

export default function Messages() {
  const { query } = usePlace()
  const status = isStatus(query.status) ? query.status : undefined
  const devices = useDevices().data?.items ?? []
  const found = useMessages(status, query.device)
  const search = query.q ?? ""
  const isFiltered = status !== undefined || query.device !== undefined || search !== ""
  return (
    <>
      <Head title="Messages">What was sent through this gateway, newest first.</Head>
      <div className={styles.filters}>
        <TextInput
          aria-label="Search"
          placeholder="Number, words, tag or id"
          leftSection={<Icon name="search" size={16} />}
          value={search}
          onChange={({ currentTarget }) => say({ q: currentTarget.value })}
          className={styles.search!}
        />
        <Select
          aria-label="Status"
          placeholder="Any status"
          data={statuses}
          value={status ?? null}
          onChange={(value) => say({ status: value ?? undefined })}
          clearable
          clearButtonProps={{ "aria-label": "Any status" }}
        />
        {devices.length > 1 && (
          <Select
            aria-label="Device"
            placeholder="Any device"
            data={devices.map(({ id, name }) => ({ value: id, label: name ?? id }))}
            value={query.device ?? null}
            onChange={(value) => say({ device: value ?? undefined })}
            clearable
            clearButtonProps={{ "aria-label": "Any device" }}
          />
        )}
      </div>
      <Panel flush>
        <Answered query={found} label="messages" rows={8}>
          {({ pages }) => {
            const all = pages.flatMap(({ items }) => items)
            const shown = all.filter((message) => matches(message, search))
            if (shown.length === 0)
              return <Nothing isFiltered={isFiltered} searched={search === "" ? undefined : all.length} />
            return <List messages={shown} />
          }}
        </Answered>
        <More query={found} />
      </Panel>
    </>
  )
}

const List = ({ messages }: { readonly messages: ReadonlyArray<Shown> }) => {
  const nameOf = useDeviceName()
  return (
    <Rows
      label="Messages"
      rows={messages}
      keyOf={({ id }) => id}
      href={({ id }) => hrefOf(["messages", id])}
      columns={[
        { name: "To", cell: (message) => <span className={styles.to}>{recipientOf(message)}</span> },
        { name: "Says", cell: (message) => <span className={styles.says}>{textOf(message)}</span>, wide: true },
        { name: "Status", cell: ({ error, status }) => <Outcome status={status} code={error?.code} /> },
        { name: "From", cell: ({ device }) => nameOf(device), wide: true },
        { name: "Accepted", cell: ({ createdAt }) => <Moment at={createdAt} /> }
      ]}
    />
  )
}

const Outcome = ({ code, status }: { readonly status: string; readonly code: string | undefined }) => (
  <span className={styles.outcome}>
    <StatusMark status={status} />
    {code && <code className={styles.code}>{code}</code>}
  </span>
)

const Nothing = ({ isFiltered, searched }: { readonly isFiltered: boolean; readonly searched: number | undefined }) =>
  isFiltered ? (
    <Empty title="No message fits" icon="search">
      {searched !== undefined && `A search looks through what is loaded: ${searched} messages by now. `}
      Take a filter away, or show more.
    </Empty>
  ) : (
    <Empty title="No messages yet" icon="messages">
      <code>POST /v1/messages</code> sends the first: it is here as soon as it is accepted. The{" "}
      <a href="../docs">API reference</a> says how.
    </Empty>
  )
