import { useQuery } from "@tanstack/react-query"
import type { Agreement } from "#domain/audit/Agreement.ts"
import { ask } from "../gateway/Gateway.ts"
import { Copied, Facts } from "../look/Facts.tsx"
import { Head, Panel } from "../look/Head.tsx"
import type { IconName } from "../look/Icon.tsx"
import { Mark, type Tone } from "../look/Mark.tsx"
import { Answered, Loading, Problem } from "../look/States.tsx"
import { Moment } from "../time/Moment.tsx"
import { Included } from "./Included.tsx"
import { type Head as AuditHead, compared, isSigned, type Seen } from "./Proving.ts"

export default function Audit() {
  const head = useQuery({
    queryKey: ["audit", "head"],
    queryFn: ({ signal }) => ask(({ audit }) => audit.head(), signal),
    refetchInterval: 60_000
  })
  return (
    <>
      <Head title="Audit">
        Every event of the log is a leaf of one tree. Who knows a signed head of it sees every change of what was
        recorded before.
      </Head>
      <Answered query={head} label="the tree's head">
        {(found) => (
          <>
            <Newest head={found} />
            <Included />
          </>
        )}
      </Answered>
    </>
  )
}

const Newest = ({ head }: { readonly head: AuditHead }) => {
  const checked = useQuery({
    queryKey: ["audit", "checked", head.root],
    queryFn: async () => ((await isSigned(head)) ? await compared(head) : undefined),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false
  })
  const { keys, note, origin, root, signedAt, size } = head
  const witnesses = note
    .split("\n")
    .filter((line) => line.startsWith("— ") && !line.startsWith(`— ${origin} `))
    .map((line) => line.split(" ")[1])
  return (
    <Panel title="The newest head" aside={checked.data && <Mark {...markOf(checked.data.agreement)} />}>
      {checked.error ? (
        <Problem error={checked.error} onRetry={() => void checked.refetch()} />
      ) : checked.isPending ? (
        <Loading label="what this browser checks" rows={2} />
      ) : (
        <p role="status">{checked.data ? wordsOf(checked.data) : unsigned}</p>
      )}
      <Facts
        of={[
          ["Events", size.toLocaleString()],
          ["Root", <Copied key="root" label="the root" value={root} />],
          ["Signed", <Moment key="signed" at={signedAt} />],
          ["Log", <Copied key="log" label="the log's name" value={origin} />],
          ["Key", keys[0] !== undefined && <Copied key="key" label="the log's key" value={keys[0]} short />],
          ["Witnesses", witnesses.length === 0 ? "none has signed it yet" : witnesses.join(", ")],
          ["Note", <Copied key="note" label="the note, to keep it elsewhere" value={note} short />]
        ]}
      />
    </Panel>
  )
}

const unsigned = "Refuted: its signature is of none of the log's keys. Do not believe this head."

const agreed = new Set<Agreement>(["same", "grown"])

const markOf = (agreement: Agreement): { readonly tone: Tone; readonly icon: IconName; readonly children: string } => {
  if (agreed.has(agreement)) return { tone: "good", icon: "check", children: "only grew" }
  if (agreement === "first") return { tone: "calm", icon: "question", children: "seen for the first time" }
  return { tone: "bad", icon: "alert", children: agreement.replaceAll("_", " ") }
}

const wordsOf = ({ agreement, seen }: { readonly agreement: Agreement; readonly seen: Seen | undefined }) => {
  const before =
    seen === undefined ? "" : `the head over ${seen.size.toLocaleString()} events that this browser saw last`
  if (agreement === "first") {
    return "Its signature holds. This browser sees it for the first time and remembers it: next time it checks that nothing before was changed."
  }
  if (agreed.has(agreement)) {
    return `Its signature holds, and it holds everything that ${before} held: nothing before was changed.`
  }
  return `It contradicts ${before}, of ${seen?.at ?? "before"} with the root ${seen?.root}: the log was restored from a copy, or its past was changed. Keep both.`
}
