import { useQuery } from "@tanstack/react-query"
import { useMay } from "../gateway/Allowed.ts"
import { ask } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { Mark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Answered } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"

export default function Sessions() {
  const isAdmin = useMay("admin")
  const sessions = useQuery({
    queryKey: ["sessions"],
    queryFn: ({ signal }) => ask(({ sessions }) => sessions.list(), signal),
    refetchInterval: 10_000
  })
  return (
    <>
      <Head title="Sessions">
        Browsers that are logged in, {isAdmin ? "of every client" : "of this client"}. A session ends with the key that
        it was given for.
      </Head>
      <Panel flush>
        <Answered query={sessions} label="sessions">
          {({ items }) => (
            <Rows
              label="Sessions"
              rows={items}
              keyOf={({ id }) => id}
              columns={[
                {
                  name: "Of",
                  cell: ({ client, current, key }) => (
                    <>
                      {isAdmin ? <a href={hrefOf(["clients", client])}>key {key}</a> : `key ${key}`}{" "}
                      {current && (
                        <Mark tone="good" icon="check">
                          this one
                        </Mark>
                      )}
                    </>
                  )
                },
                { name: "Began", cell: ({ loggedInAt }) => <Moment at={loggedInAt} /> },
                { name: "Used last", cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} />, wide: true },
                { name: "Ends", cell: ({ expiresAt }) => <Moment at={expiresAt} />, wide: true },
                {
                  name: "End it",
                  cell: ({ current, id }) =>
                    !current && (
                      <Act
                        does={() => ask(({ sessions }) => sessions.revoke({ params: { id } }))}
                        touches={["sessions"]}
                        of={`session ${id.slice(0, 8)}`}
                        asks="Its browser is logged out at once."
                      >
                        End
                      </Act>
                    )
                }
              ]}
            />
          )}
        </Answered>
      </Panel>
    </>
  )
}
