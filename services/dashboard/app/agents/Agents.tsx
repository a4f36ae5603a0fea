import { useQuery } from "@tanstack/react-query"
import { ask } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { Mark, StatusMark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { Moment, useNow } from "../time/Moment.tsx"

/** Heartbeats come every half minute. */
const silentMillis = 90_000
const wrongClockMillis = 30_000

export default function Agents() {
  const agents = useQuery({
    queryKey: ["agents"],
    queryFn: ({ signal }) => ask(({ agents }) => agents.list(), signal),
    refetchInterval: 5_000
  })
  return (
    <>
      <Head title="Agents">The processes that hold WhatsApp, and whose signatures are believed.</Head>
      <Answered query={agents} label="agents">
        {({ items }) =>
          items.length === 0 ? (
            <Panel>
              <Empty title="No agent is enrolled" icon="agent">
                Start one, print its keys with <code>homing agent keys</code>, and enrol it with{" "}
                <code>homing agents enrol</code>.
              </Empty>
            </Panel>
          ) : (
            items.map((agent) => <One key={agent.id} agent={agent} />)
          )
        }
      </Answered>
    </>
  )
}

type Shown = typeof import("#services/api/AgentsApi.ts").Agent["Type"]

const One = ({ agent }: { readonly agent: Shown }) => {
  const { clockOffsetMs, id, keys, lastHeardAt, nkey, protocol, refused, upToDate } = agent
  const now = useNow()
  const isHeard = lastHeardAt !== null && now - Date.parse(lastHeardAt) < silentMillis
  const isOff = clockOffsetMs !== null && Math.abs(clockOffsetMs) > wrongClockMillis
  return (
    <Panel
      title={id}
      aside={
        <Mark tone={isHeard ? "good" : "bad"} icon={isHeard ? "check" : "unlink"}>
          {isHeard ? "heard" : "silent"}
        </Mark>
      }
    >
      <Facts
        below
        of={[
          ["Heard last", lastHeardAt === null ? "never" : <Moment key="heard" at={lastHeardAt} />],
          ["Its clock", clockOffsetMs === null ? "not known" : `${clockOffsetMs} ms behind${isOff ? ": wrong" : ""}`],
          ["Speaks protocol", protocol],
          ["Refused since it began", refused ?? "not known"],
          ["Trusts this gateway's keys", upToDate ? "as they are now" : "as they were: it will hear"],
          ["At NATS", nkey && <Copied value={nkey} label="its nkey" short />]
        ]}
      />
      <Rows
        label={`Keys of ${id}`}
        rows={keys}
        keyOf={({ keyId }) => keyId}
        columns={[
          { name: "Key", cell: ({ keyId }) => <code>{keyId}</code> },
          { name: "State", cell: ({ state }) => <StatusMark status={state} /> },
          { name: "Taken until", cell: ({ until }) => until && <Moment at={until} />, wide: true },
          {
            name: "Public key",
            cell: ({ signing }) => <Copied value={signing} label="the public key" short />,
            wide: true
          },
          {
            name: "Revoke",
            cell: ({ keyId, state }) =>
              state !== "revoked" && (
                <Act
                  does={() => ask(({ agents }) => agents.revokeKey({ params: { id, key: keyId } }))}
                  touches={["agents"]}
                  of={`key ${keyId}`}
                  grave
                  asks="What this key signs is refused from then on. A revoked key never comes back; without another key the agent is silent."
                >
                  Revoke
                </Act>
              )
          }
        ]}
      />
    </Panel>
  )
}
