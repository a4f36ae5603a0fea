import { useMay } from "../gateway/Allowed.ts"
import { usePaged } from "../gateway/Paged.ts"
import { Head, Panel } from "../look/Head.tsx"
import { Listed } from "../look/Listed.tsx"
import { Rows } from "../look/Rows.tsx"
import { Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"

export default function AccessLog() {
  const isAdmin = useMay("admin")
  const log = usePaged(["access-log"], ({ accessLog }, query) => accessLog.list({ query }), 30_000)
  return (
    <>
      <Head title="Access log">
        Who logged in, read, exported, redrove and erased. Reads are gathered by the minute.
      </Head>
      <Panel flush>
        <Listed
          query={log}
          label="the access log"
          empty={
            <Empty title="Nothing was recorded yet" icon="session">
              What is read now is here a minute from now.
            </Empty>
          }
        >
          {(rows) => (
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
          )}
        </Listed>
      </Panel>
    </>
  )
}
