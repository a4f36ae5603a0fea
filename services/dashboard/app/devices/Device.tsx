import { TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask, Refused } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"
import { Ask } from "../look/Ask.tsx"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { goTo, hrefOf, usePlace } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { Travel } from "../travel/Travel.tsx"
import { History, useHistory } from "./History.tsx"
import { LinkDevice, type Shown } from "./LinkDevice.tsx"
import { Pairing } from "./Pairing.tsx"

export default function Device({ id }: { readonly id: string }) {
  const { query } = usePlace()
  const device = useDevice(id, undefined)
  return (
    <Answered query={device} label="device">
      {(shown) => (
        <>
          <Head
            title={shown.name ?? "Unnamed device"}
            back={{ href: hrefOf(["devices"]), label: "Devices" }}
            actions={<Actions device={shown} />}
          >
            <StatusMark status={shown.state} /> <Moment at={shown.since} />
          </Head>
          <Pairing device={shown} />
          <Past id={id} at={query.at} />
          {query.at === undefined && <About device={shown} />}
          <History id={id} />
        </>
      )}
    </Answered>
  )
}

/** As it is, or as it was: what was does not change. */
const useDevice = (id: string, at: string | undefined) => {
  const every = useEvery(true)
  return useQuery({
    queryKey: ["devices", id, "at", at],
    queryFn: ({ signal }) => ask(({ devices }) => devices.get({ params: { id }, query: at ? { at } : {} }), signal),
    // a code is good for seconds, and nobody is told of the next one
    refetchInterval: ({ state }) => at === undefined && (state.data?.state === "pairing" ? 1_500 : every),
    placeholderData: (before) => before
  })
}

const About = ({ device: { id, number, reason } }: { readonly device: Shown }) => (
  <Panel>
    <Facts
      of={[
        ["Id", <Copied key="id" value={id} label="the device's id" />],
        ["Number", number],
        ["Why it stands so", reason?.replaceAll("_", " ")],
        [
          "Messages",
          <a key="messages" href={hrefOf(["messages"], { device: id })}>
            Those sent from it
          </a>
        ]
      ]}
    />
  </Panel>
)

/** A slider over what was recorded of it, and how it stood at the moment that is chosen. */
const Past = ({ at, id }: { readonly id: string; readonly at: string | undefined }) => {
  const moments = useHistory(id).data?.pages.flatMap(({ items }) => items.map((item) => item.at)) ?? []
  const then = useDevice(id, at)
  if (moments.length === 0) return null
  const isNotYet = then.error instanceof Refused && then.error.code === "device_not_found"
  return (
    <>
      <Travel at={at} from={moments.at(-1)!} to={moments[0]!} moments={moments} />
      {at !== undefined &&
        (isNotYet ? (
          <Panel>
            <Empty title="It was not there yet" icon="clock">
              At that moment nobody had created it.
            </Empty>
          </Panel>
        ) : (
          <Answered query={then} label="the device as it was">
            {({ name, number, reason, since, state }) => (
              <Panel title="As it was" aside={<StatusMark status={state} />}>
                <Facts
                  of={[
                    ["Name", name],
                    ["Number", number],
                    ["Why it stood so", reason?.replaceAll("_", " ")],
                    ["Since", <Moment key="since" at={since} />]
                  ]}
                />
              </Panel>
            )}
          </Answered>
        ))}
    </>
  )
}

const Actions = ({ device: { id, name, reason, state } }: { readonly device: Shown }) => {
  const params = { id }
  if (!useMay("devices:manage") || reason === "unlinking") return null
  const isLinked = state === "connected" || state === "disconnected"
  return (
    <>
      <Rename id={id} name={name ?? ""} />
      {isLinked && (
        <Act does={() => ask(({ devices }) => devices.reconnect({ params }))} touches={["devices"]} icon="retry">
          Reconnect
        </Act>
      )}
      {!isLinked && <LinkDevice again={id} onDone={() => {}} />}
      <Act
        does={() => ask(({ devices }) => devices.unlink({ params }))}
        touches={["devices"]}
        icon="unlink"
        grave
        asks="The account is unlinked and the device leaves the list. Messages that wait for it fail. It cannot be undone; the phone can be linked anew."
        onDone={() => goTo(["devices"])}
      >
        Unlink
      </Act>
    </>
  )
}

const Rename = ({ id, name }: { readonly id: string; readonly name: string }) => {
  const [wanted, setWanted] = useState(name)
  return (
    <Ask
      title="Rename"
      icon="pencil"
      verb="Rename"
      size="xs"
      does={() => ask(({ devices }) => devices.rename({ params: { id }, payload: { name: wanted.trim() } }))}
      touches={["devices"]}
      isReady={wanted.trim() !== ""}
      onDone={() => {}}
    >
      <TextInput
        label="Name"
        value={wanted}
        onChange={({ currentTarget }) => setWanted(currentTarget.value)}
        maxLength={100}
        data-autofocus
      />
    </Ask>
  )
}
