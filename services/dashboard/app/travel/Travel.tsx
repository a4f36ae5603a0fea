import { ActionIcon, Button, Slider, Text } from "@mantine/core"
import { useState } from "react"
import { Icon } from "../look/Icon.tsx"
import { say } from "../place/Place.ts"
import { exactOf } from "../time/Moment.tsx"
import styles from "./Travel.module.css"

interface Props {
  /** When the first of it was recorded. */
  readonly from: string
  /** When the last of it was, so that there is nothing to see behind it. */
  readonly to: string
  /** Where somebody has travelled to; absent: now. */
  readonly at: string | undefined
  /** When something of it changed. */
  readonly moments: ReadonlyArray<string>
}

/** How fine the slider is, of its whole. */
const parts = 400

/** Shows something as it was: by a slider from its beginning to now. What is shown is what the gateway folds from its log. */
export const Travel = ({ at, from, moments, to }: Props) => {
  const [begin, end] = [Date.parse(from), Math.max(Date.parse(to), Date.parse(from) + 1)]
  const room = Math.max(10, (end - begin) / 20)
  const [min, max] = [Math.floor(begin - room), Math.ceil(end + room)]
  const shown = at === undefined ? max : Math.min(max, Math.max(min, Date.parse(at)))
  const [dragged, setDragged] = useState<number>()
  const value = dragged ?? shown
  const arrive = (millis: number) => {
    setDragged(undefined)
    say({ at: millis >= max ? undefined : new Date(millis).toISOString() })
  }
  const changes = [...new Set(moments.map((moment) => Date.parse(moment)))].sort((a, b) => a - b)
  const before = changes.findLast((change) => change < value)
  const after = changes.find((change) => change > value)
  return (
    <section className={styles.travel} aria-label="Time travel" data-past={at !== undefined}>
      <span className={styles.name}>
        <Icon name="clock" />
        Time travel
      </span>
      <Step label="To the change before" icon="back" to={before ?? (value > min ? min : undefined)} onStep={arrive} />
      <div className={styles.line}>
        <Slider
          min={min}
          max={max}
          step={Math.max(1, Math.round((max - min) / parts))}
          value={value}
          onChange={setDragged}
          onChangeEnd={arrive}
          label={null}
          marks={moments.map((moment) => ({ value: Date.parse(moment) }))}
          thumbLabel="As it was at"
          thumbProps={{ "aria-valuetext": value >= max ? "now" : exactOf(new Date(value).toISOString()) }}
          color="homing"
        />
      </div>
      <Step label="To the next change" icon="right" to={after ?? (value < max ? max : undefined)} onStep={arrive} />
      <Text size="sm" className={styles.when} role="status">
        {value >= max ? "Now" : `As it was on ${exactOf(new Date(value).toISOString())}`}
      </Text>
      {at !== undefined && (
        <Button size="compact-sm" variant="default" onClick={() => arrive(max)}>
          Back to now
        </Button>
      )}
    </section>
  )
}

interface StepProps {
  readonly label: string
  readonly icon: "back" | "right"
  /** There may be nothing on that side. */
  readonly to: number | undefined
  readonly onStep: (millis: number) => void
}

const Step = ({ icon, label, onStep, to }: StepProps) => (
  <ActionIcon
    variant="default"
    aria-label={label}
    title={label}
    disabled={to === undefined}
    onClick={() => to !== undefined && onStep(to)}
  >
    <Icon name={icon} size={16} />
  </ActionIcon>
)
