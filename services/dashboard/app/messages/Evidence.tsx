import { useQuery } from "@tanstack/react-query"
import type { Finding, Judgement } from "#domain/evidence/Evidence.ts"
import type { MessageHistory } from "#services/api/MessagesApi.ts"
import { Panel } from "../look/Head.tsx"
import { Icon } from "../look/Icon.tsx"
import { Mark } from "../look/Mark.tsx"
import { Loading } from "../look/States.tsx"
import styles from "./Messages.module.css"
import { Timeline } from "./Timeline.tsx"

interface Props {
  readonly history: typeof MessageHistory.Type
  /** What came later is not shown; what is checked is all. */
  readonly at: string | undefined
}

/** All that was recorded of a message, and whether what is signed of it holds: checked here, not by the gateway's word. */
export const Evidence = ({ at, history }: Props) => {
  const checked = useQuery({
    queryKey: ["verified", history.message, history.items.length],
    queryFn: async () => (await import("../evidence/Verifying.ts")).verified(history),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    placeholderData: (before) => before
  })
  return (
    <>
      <Panel title="Evidence">
        {checked.data ? (
          <Verdict history={history} judgement={checked.data} />
        ) : checked.error ? (
          <div className={styles.verdict} data-tone="calm" role="status">
            <Icon name="question" size={22} />
            <div>
              <strong>Not checked.</strong> {checked.error.message}
            </div>
          </div>
        ) : (
          <Loading label="evidence" rows={2} />
        )}
      </Panel>
      <Panel title="Timeline">
        <Timeline items={history.items} at={at} {...(checked.data && { findings: checked.data.findings })} />
      </Panel>
    </>
  )
}

const said = {
  signed: ["good", "seal", "Proven."],
  unsigned: ["calm", "question", "Nothing is refuted, and not all is proven."],
  refuted: ["bad", "alert", "Refuted: do not believe this history."]
} as const

const isSigned = (finding: Finding): finding is Extract<Finding, { _tag: "Signed" }> => finding._tag === "Signed"

const Verdict = ({
  history,
  judgement
}: {
  readonly history: typeof MessageHistory.Type
  readonly judgement: Judgement
}) => {
  const { complete, findings, signedStatus, status, verdict } = judgement
  const [tone, icon, words] = said[verdict]
  const signed = findings.filter(isSigned)
  const signers = [...new Set(signed.map(({ header }) => `${header.agent} (key ${header.keyId})`))]
  const refuted = findings.filter(({ _tag }) => _tag === "Refuted").length
  const revoked = history.keys.filter(
    ({ keyId, state }) => state === "revoked" && signed.some(({ header }) => header.keyId === keyId)
  )
  return (
    <>
      <div className={styles.verdict} data-tone={tone} role="status">
        <Icon name={icon} size={22} />
        <div>
          <strong>{words}</strong> This browser checked {history.items.length} events: {signed.length} carry a signature
          that holds{signers.length > 0 && `, by ${signers.join(", ")}`}
          {refuted > 0 && `; ${refuted} do not hold`}. What is signed comes to <code>{signedStatus}</code>, all events
          to <code>{status}</code>. {complete ? "No event is missing between them." : "Events are missing."}
        </div>
      </div>
      {revoked.length > 0 && (
        <p>
          <Mark tone="warn" icon="alert">
            a key that signed was revoked
          </Mark>
        </p>
      )}
      <details className={styles.proof}>
        <summary>What was checked, and what no signature shows</summary>
        <ul className={styles.unproven}>
          <li>
            Checked: each signature, Ed25519, under a key of the agent that it names; and that what is signed is what
            the event says, of this message, its command, its device and its recipient.
          </li>
          <li>
            Not shown: whose the keys are. They came with the history; an agent prints its own by homing agent keys.
          </li>
          <li>
            Not shown: what WhatsApp did, beyond what the agent said of it; and when, beyond the agent&apos;s clock.
          </li>
          <li>Not shown: the number and the text. What is signed names the recipient by a keyed digest.</li>
          <li>Not shown: that nothing was left out. Which event follows which is the gateway&apos;s word.</li>
        </ul>
      </details>
    </>
  )
}
