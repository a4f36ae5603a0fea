import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { type Attempt, saidOf } from "../deliveries/Attempts.tsx"
import { Deliveries } from "../deliveries/Deliveries.tsx"
import { placeOf } from "../deliveries/EndpointList.ts"
import { newKey } from "../gateway/Acting.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask, type Client } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Secret } from "../look/Secret.tsx"
import { Answered } from "../look/States.tsx"
import { goTo, hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"

export default function Endpoint({ id }: { readonly id: string }) {
  const endpoint = useQuery({
    queryKey: ["endpoints", id],
    queryFn: ({ signal }) => ask(({ endpoints }) => endpoints.get({ params: { id } }), signal),
    refetchInterval: useEvery(false)
  })
  const [secret, setSecret] = useState<string>()
  const [tested, setTested] = useState<Attempt>()
  const params = { id }
  return (
    <Answered query={endpoint} label="endpoint">
      {({ createdAt, device, format, keys, personal, reason, state, types, url }) => (
        <>
          <Head
            title={placeOf(url)}
            back={{ href: hrefOf(["endpoints"]), label: "Endpoints" }}
            actions={
              <>
                <Act does={async () => setTested((await testOf(id)).body)} touches={["deliveries"]} icon="out">
                  Test
                </Act>
                <Act
                  does={() =>
                    ask(({ endpoints }) => endpoints.change({ params, payload: { enabled: state === "disabled" } }))
                  }
                  touches={["endpoints", "deliveries"]}
                  {...(state === "enabled" && {
                    asks: "What happens while it is disabled is not delivered. What waits already goes on when it is enabled again."
                  })}
                >
                  {state === "enabled" ? "Disable" : "Enable"}
                </Act>
                {keys.length > 0 && (
                  <Act
                    does={async () =>
                      setSecret(
                        (await ask(({ endpoints }) => endpoints.rotate({ params, headers: newKey(), payload: {} })))
                          .body.secret
                      )
                    }
                    touches={["endpoints"]}
                    icon="key"
                    asks="Deliveries are signed with a new secret at once, and for a day with the old one too."
                  >
                    Rotate
                  </Act>
                )}
                <Act
                  does={() => ask(({ endpoints }) => endpoints.remove({ params }))}
                  touches={["endpoints"]}
                  icon="dead"
                  grave
                  asks="It is removed, and what waits for it."
                  onDone={() => goTo(["endpoints"])}
                >
                  Remove
                </Act>
              </>
            }
          >
            <StatusMark status={state} /> {reason && `by reason: ${reason}`}
          </Head>
          <Secret title="The new secret" secret={secret} onClose={() => setSecret(undefined)} />
          <Panel>
            <Facts
              of={[
                ["Id", <Copied key="id" value={id} label="the endpoint's id" />],
                ["Address", url],
                ["Told", types.length === 0 ? "every type of event" : types.join(", ")],
                [
                  "Of",
                  device === null ? (
                    "every device"
                  ) : (
                    <a key="device" href={hrefOf(["devices", device])}>
                      one device
                    </a>
                  )
                ],
                ["Numbers, names and texts", personal ? "told" : "not told"],
                ["Written as", format],
                ["Created", <Moment key="created" at={createdAt} />],
                ["Verified with", keys[0] && <Copied value={keys[0].publicKey} label="the public key" />],
                ["Last test", tested && `${saidOf(tested)}, after ${tested.millis} ms`]
              ]}
            />
          </Panel>
          <Deliveries of={{ endpoint: id }} />
        </>
      )}
    </Answered>
  )
}

const testOf = (id: string) => ask(({ endpoints }: Client) => endpoints.test({ params: { id }, headers: newKey() }))
