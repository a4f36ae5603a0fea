import { useQuery } from "@tanstack/react-query"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { Attempts } from "./Attempts.tsx"
import { placeOf } from "./EndpointList.ts"
import { Redrive, redriven } from "./Redrive.tsx"

/** Of each destination the newest of these. */
const mostOfEach = 100

const deadLetters = async (maySeeTargets: boolean, signal: AbortSignal) => {
  const endpoints = (await ask(({ endpoints }) => endpoints.list(), signal)).items
  const targets = maySeeTargets ? (await ask(({ targets }) => targets.list({ query: {} }), signal)).items : []
  const destinations = [
    ...endpoints.map(({ id, url }) => ({ name: placeOf(url), query: { endpoint: id } })),
    ...targets.map(({ id, name }) => ({ name, query: { target: id } }))
  ]
  const pages = await Promise.all(
    destinations.map(async ({ name, query }) => {
      const { items, next } = await ask(
        ({ deliveries }) => deliveries.list({ query: { ...query, status: "dead", limit: mostOfEach } }),
        signal
      )
      return { items: items.map((delivery) => ({ ...delivery, name })), isWhole: next === null }
    })
  )
  return {
    items: pages.flatMap(({ items }) => items).sort((a, b) => b.recordedAt.localeCompare(a.recordedAt)),
    isWhole: pages.every(({ isWhole }) => isWhole)
  }
}

export default function DeadLetters() {
  const maySeeTargets = useMay("routes:read")
  const dead = useQuery({
    queryKey: ["deliveries", "dead", maySeeTargets],
    queryFn: ({ signal }) => deadLetters(maySeeTargets, signal),
    refetchInterval: useEvery(false)
  })
  const ids = dead.data?.items.map(({ id }) => id) ?? []
  return (
    <>
      <Head
        title="Dead letters"
        actions={
          ids.length > 1 && (
            <Act
              size="sm"
              icon="retry"
              does={async () => {
                for (const id of ids) await redriven(id)
              }}
              touches={["deliveries"]}
              asks={`${ids.length} deliveries are tried again, under the ids that they had. Whoever is told twice can tell by the id.`}
            >
              Redrive all
            </Act>
          )
        }
      >
        What was given up: nobody took it within five days, or its address is gone.
      </Head>
      <Panel flush>
        <Answered query={dead} label="dead letters">
          {({ isWhole, items }) =>
            items.length === 0 ? (
              <Empty title="Nothing was given up" icon="check">
                What no endpoint takes, however often it is tried, stands here for thirty days and can be redriven.
              </Empty>
            ) : (
              <>
                <Rows
                  label="Dead letters"
                  rows={items}
                  keyOf={({ id }) => id}
                  columns={[
                    {
                      name: "For",
                      cell: ({ endpoint, name }) =>
                        endpoint ? <a href={hrefOf(["endpoints", endpoint])}>{name}</a> : name
                    },
                    { name: "Event", cell: ({ type }) => <code>{type}</code>, wide: true },
                    { name: "Recorded", cell: ({ recordedAt }) => <Moment at={recordedAt} /> },
                    { name: "Attempts", cell: ({ attempts }) => <Attempts attempts={attempts} />, wide: true },
                    { name: "Again", cell: ({ id, type }) => <Redrive id={id} type={type} /> }
                  ]}
                />
                {!isWhole && (
                  <p>Of some destinations there are more: only the newest {mostOfEach} of each are shown.</p>
                )}
              </>
            )
          }
        </Answered>
      </Panel>
    </>
  )
}
