import { usePaged } from "../gateway/Paged.ts"
import { Head, Panel } from "../look/Head.tsx"
import { Listed } from "../look/Listed.tsx"
import { Mark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Empty } from "../look/States.tsx"
import { Moment } from "../time/Moment.tsx"
import { Erase } from "./Erase.tsx"

export default function Erasures() {
  const erasures = usePaged(["erasures"], ({ erasures }, query) => erasures.list({ query }), 5_000)
  return (
    <>
      <Head title="Erasures" actions={<Erase />}>
        People whose data was destroyed. What was sent, when, and what became of it stays provable.
      </Head>
      <Panel flush>
        <Listed
          query={erasures}
          label="erasures"
          empty={
            <Empty title="Nobody was erased" icon="erase">
              Whoever asks to be forgotten is erased under all names that are known for them, at every gateway.
            </Empty>
          }
        >
          {(rows) => (
            <Rows
              label="Erasures"
              rows={rows}
              keyOf={({ id }) => id}
              columns={[
                { name: "Asked for", cell: ({ requestedAt }) => <Moment at={requestedAt} /> },
                {
                  name: "State",
                  cell: ({ state }) => (
                    <Mark tone={state === "done" ? "good" : "busy"} icon={state === "done" ? "check" : "clock"}>
                      {state}
                    </Mark>
                  )
                },
                { name: "By", cell: ({ by }) => `${by.kind === "api_key" ? "key " : ""}${by.id}`, wide: true },
                {
                  name: "Destroyed",
                  cell: ({ keys, requests, texts }) => `${keys} keys, ${requests} requests, ${texts} long texts`,
                  wide: true
                },
                {
                  name: "Left",
                  cell: ({ left, state }) =>
                    state === "done" ? left.map(({ place }) => place).join(", ") || "nothing" : "not known yet"
                }
              ]}
            />
          )}
        </Listed>
      </Panel>
    </>
  )
}
