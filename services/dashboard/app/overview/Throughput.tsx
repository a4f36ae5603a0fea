import "@mantine/charts/styles.css"
import { BarChart } from "@mantine/charts"

interface Props {
  readonly data: Array<Record<string, string | number>>
}

/** Loaded by itself: what draws is the largest of all that the pages need. */
export default function Throughput({ data }: Props) {
  return (
    <BarChart
      h={200}
      data={data}
      dataKey="time"
      type="stacked"
      withLegend
      gridAxis="x"
      tickLine="none"
      maxBarWidth={18}
      yAxisProps={{ allowDecimals: false, width: 32 }}
      series={[
        { name: "Sent", color: "homing.5" },
        { name: "Failed", color: "red.6" }
      ]}
    />
  )
}
