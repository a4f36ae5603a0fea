import { Loader, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { ask } from "../gateway/Gateway.ts"
import { Panel } from "../look/Head.tsx"
import styles from "./Devices.module.css"
import type { Shown } from "./LinkDevice.tsx"

const steps = ["Open WhatsApp on the phone.", "Go to Settings, Linked devices, Link a device."]

/** What the phone scans, or what is typed into it, for as long as it is wanted. */
export const Pairing = ({ device: { code, id, qr, state } }: { readonly device: Shown }) => {
  if (state !== "pairing") return null
  return (
    <Panel title="Link the phone">
      <div className={styles.pairing}>
        <div className={styles.code} data-kind={code === undefined ? "qr" : "code"}>
          {code !== undefined ? (
            <code className={styles.typed}>{code}</code>
          ) : qr !== undefined ? (
            <Drawing device={id} code={qr} />
          ) : (
            <Loader color="homing" role="status" aria-label="The code is on its way" />
          )}
        </div>
        <div>
          <ol className={styles.steps}>
            {steps.map((step) => (
              <li key={step}>{step}</li>
            ))}
            <li>
              {code === undefined ? "Point the phone at this code." : "Choose to link by number, and type this code."}
            </li>
          </ol>
          <Text size="sm" c="dimmed">
            The code changes every few seconds by itself. This page shows at once when the phone is linked.
          </Text>
        </div>
      </div>
    </Panel>
  )
}

/** The code as the gateway draws it: asked for anew with each, and shown out of memory. */
const Drawing = ({ code, device }: { readonly device: string; readonly code: string }) => {
  const { data } = useQuery({
    queryKey: ["qr", device, code],
    queryFn: ({ signal }) => ask(({ devices }) => devices.qrSvg({ params: { id: device } }), signal),
    placeholderData: (before) => before,
    gcTime: 0
  })
  return data === undefined ? null : (
    <img
      src={`data:image/svg+xml,${encodeURIComponent(data)}`}
      alt="QR code for the phone to scan"
      width={264}
      height={264}
    />
  )
}
