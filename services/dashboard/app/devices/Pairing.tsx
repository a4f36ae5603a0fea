import { Loader, Text } from "@mantine/core"
import { beside } from "../gateway/Gateway.ts"
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
            // under another address for each code: a picture is loaded once
            <img
              src={`${beside(`v1/devices/${id}/qr.svg`)}?code=${nameOf(qr)}`}
              alt="QR code for the phone to scan"
              width={264}
              height={264}
            />
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

/** Tells one code from the next, and not what it says: addresses stand in logs. */
const nameOf = (qr: string): string => {
  let sum = 0
  for (const letter of qr) sum = (Math.imul(sum, 31) + letter.codePointAt(0)!) | 0
  return (sum >>> 0).toString(36)
}
