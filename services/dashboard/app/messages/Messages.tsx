import { Button, Select, TextInput } from "@mantine/core"
import { type Status, statuses } from "#domain/message/Status.ts"
import { useDeviceName, useDevices } from "../devices/DeviceNames.ts"
import { useEvery } from "../gateway/Following.tsx"
import { usePaged } from "../gateway/Paged.ts"
import { Head, Panel } from "../look/Head.tsx"
import { Icon } from "../look/Icon.tsx"
import { Listed } from "../look/Listed.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Empty } from "../look/States.tsx"
import { hrefOf, say, usePlace } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { MomentInput } from "../time/MomentInput.tsx"
import styles from "./Messages.module.css"
import { matches, recipientOf, type Shown, textOf } from "./Shown.ts"

const isStatus = (word: string | undefined): word is Status => statuses.some((status) => status === word)

const nothing = { q: undefined, status: undefined, device: undefined, from: undefined, to: undefined }

interface Filter {
  readonly status?: Status
  readonly device?: string
  readonly from?: string
  readonly to?: string
}

const useMessages = (filter: Filter) =>
  usePaged(
    ["messages", "list", filter],
    ({ messages }, paging) => messages.list({ query: { ...filter, ...paging } }),
    useEvery(true)
  )

export default function Messages() {
  const { query } = usePlace()
  const status = isStatus(query.status) ? query.status : undefined
  const devices = useDevices().data?.items ?? []
  const { device, from, to } = query
  const found = useMessages({
    ...(status && { status }),
    ...(device && { device }),
    ...(from && { from }),
    ...(to && { to })
  })
  const search = query.q ?? ""
  const isFiltered = [status, device, from, to, search].some(Boolean)
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
            value={device ?? null}
            onChange={(value) => say({ device: value ?? undefined })}
            clearable
            clearButtonProps={{ "aria-label": "Any device" }}
          />
        )}
        <MomentInput label="From" value={from} onChange={(from) => say({ from })} />
        <MomentInput label="Until" value={to} onChange={(to) => say({ to })} />
        {isFiltered && (
          <Button variant="subtle" onClick={() => say(nothing)}>
            Clear
          </Button>
        )}
      </div>
      <Panel flush>
        <Listed
          query={found}
          label="messages"
          lines={8}
          empty={<Nothing isFiltered={isFiltered} searched={undefined} />}
        >
          {(all) => {
            const shown = all.filter((message) => matches(message, search))
            return shown.length === 0 ? <Nothing isFiltered searched={all.length} /> : <List messages={shown} />
          }}
        </Listed>
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
      {searched !== undefined &&
        `A search looks through what is loaded: ${searched} ${searched === 1 ? "message" : "messages"} by now. `}
      Take a filter away, or show more.
    </Empty>
  ) : (
    <Empty title="No messages yet" icon="messages">
      <code>POST /v1/messages</code> sends the first: it is here as soon as it is accepted. The{" "}
      <a href="../docs">API reference</a> says how.
    </Empty>
  )
