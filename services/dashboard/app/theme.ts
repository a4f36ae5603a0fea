import { type CSSVariablesResolver, createTheme } from "@mantine/core"

const green = [
  "#e9f8f3",
  "#d5eee5",
  "#a9dccb",
  "#7acab0",
  "#53bb99",
  "#3ab28a",
  "#1f9b74",
  "#0b7a5f",
  "#08684f",
  "#035440"
] as const

export const theme = createTheme({
  colors: { homing: green },
  primaryColor: "homing",
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "md",
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "JetBrains Mono", Menlo, Consolas, monospace',
  headings: { fontWeight: "650" },
  cursorType: "pointer",
  components: {
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } } },
    Table: { defaultProps: { verticalSpacing: "xs", horizontalSpacing: "md" } },
    Tooltip: { defaultProps: { events: { hover: true, focus: true, touch: true } } }
  }
})

/** The library's grey for what matters less has too little contrast to be read by everybody. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#566069",
    "--mantine-color-placeholder": "#6a737b",
    "--mantine-color-error": "#c02626"
  },
  dark: {
    "--mantine-color-dimmed": "#a3adb6",
    "--mantine-color-placeholder": "#9aa4ad",
    "--mantine-color-error": "#ff8f8f"
  }
})
