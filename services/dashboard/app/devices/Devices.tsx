import { useMay } from "../gateway/Allowed.ts"
import { Head, Panel } from "../look/Head.tsx"
import { StatusMark } from "../look/Mark.tsx"
import { Rows } from "../look/Rows.tsx"
import { Answered, Empty } from "../look/States.tsx"
import { goTo, hrefOf } from "../place/Place.ts"
import { Moment } from "../time/Moment.tsx"
import { useDevices } from "./DeviceNames.ts"
import { LinkDevice } from "./LinkDevice.tsx"

export default function Devices() {
  const mayManage = useMay("devices:manage")
  const devices = useDevices()
  return (
    <>
      <Head title="Devices" actions={mayManage && <LinkDevice onDone={({ id }) => goTo(["devices", id])} />}>
        The WhatsApp accounts that messages are sent from.
      </Head>
      <Panel flush>
        <Answered query={devices} label="devices">
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="No account is linked yet" icon="device">
                {mayManage
                  ? "Link a device: a QR code appears, and the phone scans it under Linked devices."
                  : "A key with devices:manage links one."}
              </Empty>
            ) : (
              <Rows
                label="Devices"
                rows={items}
                keyOf={({ id }) => id}
                href={({ id }) => hrefOf(["devices", id])}
                columns={[
                  { name: "Name", cell: ({ id, name }) => <strong>{name ?? id}</strong> },
                  { name: "State", cell: ({ state }) => <StatusMark status={state} /> },
                  { name: "Why", cell: ({ reason }) => reason?.replaceAll("_", " ") ?? "", wide: true },
                  { name: "Number", cell: ({ number }) => number ?? "", wide: true },
                  { name: "Since", cell: ({ since }) => <Moment at={since} /> }
                ]}
              />
            )
          }
        </Answered>
      </Panel>
    </>
  )
}
