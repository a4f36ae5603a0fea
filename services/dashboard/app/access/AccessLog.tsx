import { useInfiniteQuery } from "@tanstack/react-query"
import { useMay } from "../gateway/Allowed.ts"
import { ask } from "../gateway/Gateway.ts"
import { Head, Panel } from "../look/Head.tsx"
import { More, Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"

export default function AccessLog() {
  const isAdmin = useMay("admin")
  const log = useInfiniteQuery({
    queryKey: ["access-log"],
    queryFn: ({ pageParam, signal }) =>
      ask(({ accessLog }) => accessLog.list({ query: { limit: 50, ...(pageParam && { after: pageParam }) } }), signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: 30_000
  })
  return (
    <>
      <Head title="Access log">
        Who logged in, read, exported, redrove and erased. Reads are gathered by the minute.
      </Head>
      <Panel flush>
        <Answered query={log} label="the access log">
          {({ pages }) => {
            const rows = pages.flatMap(({ items }) => items)
            return rows.length === 0 ? (
              <Empty title="Nothing was recorded yet" icon="session">
                What is read now is here a minute from now.
              </Empty>
            ) : (
              <Rows
                label="Access log"
                rows={rows}
                keyOf={({ id }) => id}
                columns={[
                  { name: "When", cell: ({ at }) => <Moment at={at} /> },
                  { name: "What", cell: ({ type }) => type.replace("access.", "").replaceAll("_", " ") },
                  { name: "Of", cell: ({ of, reason }) => of ?? reason ?? "" },
                  { name: "How often", cell: ({ count }) => count.toLocaleString(), wide: true },
                  {
                    name: "By",
                    cell: ({ by, client, keys }) => {
                      const key = keys[0] ?? by
                      if (key === undefined) return "nobody known"
                      return isAdmin && client !== undefined ? (
                        <a href={hrefOf(["clients", client])}>key {key}</a>
                      ) : (
                        `key ${key}`
                      )
                    }
                  }
                ]}
              />
            )
          }}
        </Answered>
        <More query={log} />
      </Panel>
    </>
  )
}
