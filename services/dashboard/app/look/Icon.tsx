/** Strokes on a field of 24 by 24. */
const strokes = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z",
  messages: "M4 5h16v11H9l-5 4z",
  chats: "M3 5h12v8H8l-5 4zM15 9h6v11l-4-3h-6v-3",
  device: "M8 3h8a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1zM11 18h2",
  endpoint: "M12 4v9M12 13l-7 6M12 13l7 6M12 4a1 1 0 1 0 0-.1M4 20a1 1 0 1 0 0-.1M20 20a1 1 0 1 0 0-.1",
  dead: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  route: "M5 19V9a4 4 0 0 1 4-4h10M15 1l4 4-4 4M5 15h9a4 4 0 0 1 4 4v2",
  client: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 4-6 8-6s8 2 8 6",
  key: "M14 10a4 4 0 1 0-3.5 4L12 15.500h2V18h2v2h4v-3.500z",
  agent: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
  session: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
  audit: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM9 12l2 2 4-4",
  erase: "M7 20h13M5 15 14 6l5 5-8 8H9z",
  menu: "M4 7h16M4 12h16M4 17h16",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500 19 19M5 19l1.500-1.500M17.500 6.500 19 5",
  moon: "M20 14.500A8 8 0 1 1 9.500 4a6.500 6.500 0 0 0 10.500 10.500z",
  check: "M5 12.500 10 17 19 7",
  cross: "M6 6l12 12M18 6 6 18",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.500 2",
  alert: "M12 4 2.500 20h19zM12 10v4M12 17h.01",
  question:
    "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .8-1 1.700M12 16.500h.01",
  sent: "M4 12.500 9 17 20 7",
  delivered: "M2 12.500 7 17 17 7M12 17l10-10",
  play: "M7 5l12 7-12 7z",
  trying: "M12 3v4M12 17v4M3 12h4M17 12h4M6 6l2.500 2.500M15.500 15.500 18 18M6 18l2.500-2.500M15.500 8.500 18 6",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  unlink: "M9 15l6-6M11 6l2-2a4 4 0 0 1 6 6l-2 2M13 18l-2 2a4 4 0 0 1-6-6l2-2",
  in: "M12 4v12M7 11l5 5 5-5M4 20h16",
  out: "M12 16V4M7 9l5-5 5 5M4 20h16",
  pencil: "M4 20l1-4L16 5l3 3L8 19z",
  retry: "M4 12a8 8 0 0 1 14-5l2 2M20 4v5h-5M20 12a8 8 0 0 1-14 5l-2-2M4 20v-5h5",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  plus: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  seal: "M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6zM9 12l2 2 4-4",
  live: "M12 11a1 1 0 1 0 0 2 1 1 0 0 0 0-2zM8 8a6 6 0 0 0 0 8M16 8a6 6 0 0 1 0 8M5 5a10 10 0 0 0 0 14M19 5a10 10 0 0 1 0 14",
  empty: "M4 13l3-8h10l3 8v6H4zM4 13h5l1 3h4l1-3h5"
} as const

export type IconName = keyof typeof strokes

/** Says nothing by itself: words stand beside it, or its button has a name. */
export const Icon = ({ name, size = 18 }: { readonly name: IconName; readonly size?: number }) => (
  <svg
    width={size}
    height={size}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    strokeWidth={1.8}
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    <path d={strokes[name]} />
  </svg>
)
