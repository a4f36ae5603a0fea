import { SegmentedControl } from "@mantine/core"
import { useInfiniteQuery } from "@tanstack/react-query"
import { useState } from "react"
import { statuses } from "#services/api/DeliveriesApi.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import { Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { More, Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { Moment } from "../time/Moment.tsx"
import { Attempts } from "./Attempts.tsx"
import { Redrive } from "./Redrive.tsx"

type Status = (typeof statuses)[number]
type Destination = { readonly endpoint: string } | { readonly target: string }

/** What was told to an endpoint or a target, and what became of it. */
export const Deliveries = ({ of }: { readonly of: Destination }) => {
  const [status, setStatus] = useState<Status | "all">("all")
  const found = useInfiniteQuery({
    queryKey: ["deliveries", of, status],
    queryFn: ({ pageParam, signal }) => {
      const query = { ...of, limit: 50, ...(status !== "all" && { status }), ...(pageParam && { after: pageParam }) }
      return ask(({ deliveries }) => deliveries.list({ query }), signal)
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: useEvery(false)
  })
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
      <Answered query={found} label="deliveries">
        {({ pages }) => {
          const rows = pages.flatMap(({ items }) => items)
          return rows.length === 0 ? (
            <Empty title={status === "all" ? "Nothing was delivered yet" : `Nothing is ${status}`} icon="endpoint">
              What was delivered is listed for three days, what was given up for thirty.
            </Empty>
          ) : (
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
          )
        }}
      </Answered>
      <More query={found} />
    </Panel>
  )
}
