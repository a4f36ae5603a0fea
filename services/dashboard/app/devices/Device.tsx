import { TextInput } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { useState } from "react"
import { useMay } from "../gateway/Allowed.ts"
import { useEvery } from "../gateway/Following.tsx"
import { ask } from "../gateway/Gateway.ts"
import { Act } from "../look/Act.tsx"
import { Ask } from "../look/Ask.tsx"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Answered } from "../look/States.tsx"
import { goTo, hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { History } from "./History.tsx"
import { LinkDevice, type Shown } from "./LinkDevice.tsx"
import { Pairing } from "./Pairing.tsx"

export default function Device({ id }: { readonly id: string }) {
  const every = useEvery(true)
  const device = useQuery({
    queryKey: ["devices", id],
    queryFn: ({ signal }) => ask(({ devices }) => devices.get({ params: { id } }), signal),
    // a code is good for seconds, and nobody is told of the next one
    refetchInterval: ({ state }) => (state.data?.state === "pairing" ? 1_500 : every)
  })
  const maySeeEvents = useMay("events:read")
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
          <Panel>
            <Facts
              of={[
                ["Id", <Copied key="id" value={id} label="the device's id" />],
                ["Number", shown.number],
                ["Why it stands so", shown.reason?.replaceAll("_", " ")],
                [
                  "Messages",
                  <a key="messages" href={hrefOf(["messages"], { device: id })}>
                    Those sent from it
                  </a>
                ]
              ]}
            />
          </Panel>
          {maySeeEvents && <History id={id} />}
        </>
      )}
    </Answered>
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
