import type { Attempt as Declared } from "#services/api/EndpointsApi.ts"
import { Mark } from "../look/Mark.tsx"
import { Moment } from "../time/Moment.tsx"
import styles from "./Deliveries.module.css"

export type Attempt = typeof Declared.Type

export const saidOf = ({ error, status }: Attempt): string =>
  status === undefined ? (error ?? "no answer") : `answered ${status}`

const isTaken = ({ status = 0 }: Attempt) => status >= 200 && status < 300

/** Every try, and what it came to. */
export const Attempts = ({ attempts }: { readonly attempts: ReadonlyArray<Attempt> }) =>
  attempts.length === 0 ? (
    <>not tried yet</>
  ) : (
    <details className={styles.attempts}>
      <summary>
        {attempts.length} {attempts.length === 1 ? "attempt" : "attempts"}, last {saidOf(attempts.at(-1)!)}
      </summary>
      <ol>
        {attempts.map((attempt) => (
          <li key={attempt.at}>
            <Mark tone={isTaken(attempt) ? "good" : "bad"} icon={isTaken(attempt) ? "check" : "cross"}>
              {saidOf(attempt)}
            </Mark>{" "}
            <Moment at={attempt.at} />, took {attempt.millis} ms
          </li>
        ))}
      </ol>
    </details>
  )
