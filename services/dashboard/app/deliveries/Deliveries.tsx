import { SegmentedControl } from "@mantine/core"
import { useState } from "react"
import { statuses } from "#services/api/DeliveriesApi.ts"
import { useEvery } from "../gateway/Following.tsx"
import { usePaged } from "../gateway/Paged.ts"
import { Panel } from "../look/Head.tsx"
import { Listed } from "../look/Listed.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Empty } from "../look/States.tsx"
import { Moment } from "../time/Moment.tsx"
import { Attempts } from "./Attempts.tsx"
import { Redrive } from "./Redrive.tsx"

type Status = (typeof statuses)[number]
type Destination = { readonly endpoint: string } | { readonly target: string }

/** What was told to an endpoint or a target, and what became of it. */
export const Deliveries = ({ of }: { readonly of: Destination }) => {
  const [status, setStatus] = useState<Status | "all">("all")
  const found = usePaged(
    ["deliveries", of, status],
    ({ deliveries }, paging) => deliveries.list({ query: { ...of, ...paging, ...(status !== "all" && { status }) } }),
    useEvery(false)
  )
  return (
    <Panel
      flush
      title="Deliveries"
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Which deliveries"
          data={["all", ...statuses]}
          value={status}
          onChange={(value) => setStatus(value as typeof status)}
        />
      }
    >
      <Listed
        query={found}
        label="deliveries"
        empty={
          <Empty title={status === "all" ? "Nothing was delivered yet" : `Nothing is ${status}`} icon="endpoint">
            What was delivered is listed for three days, what was given up for thirty.
          </Empty>
        }
      >
        {(rows) => (
          <Rows
            label="Deliveries"
            rows={rows}
            keyOf={({ id }) => id}
            columns={[
              { name: "Event", cell: ({ type }) => <code>{type}</code> },
              { name: "Status", cell: ({ status }) => <StatusMark status={status} /> },
              { name: "Recorded", cell: ({ recordedAt }) => <Moment at={recordedAt} />, wide: true },
              { name: "Next try", cell: ({ dueAt }) => dueAt && <Moment at={dueAt} />, wide: true },
              { name: "Attempts", cell: ({ attempts }) => <Attempts attempts={attempts} /> },
              { name: "Again", cell: ({ id, type }) => <Redrive id={id} type={type} /> }
            ]}
          />
        )}
      </Listed>
    </Panel>
  )
}
