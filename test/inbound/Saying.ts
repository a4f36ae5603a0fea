/** What contacts say of themselves, by kind, in the words of the simulator's control API. */

export const options = ["now", "later", "never"]

export type Words = Readonly<Record<string, unknown>> & { readonly text?: string }

export const said: Readonly<Record<string, (n: number) => Words>> = {
  text: (n) => ({ text: `said ${n}` }),
  image: (n) => ({ caption: `seen ${n}` }),
  video: () => ({ seconds: 3 }),
  audio: () => ({ voice: true, seconds: 2 }),
  document: (n) => ({ fileName: `paper ${n}.pdf` }),
  sticker: () => ({}),
  location: () => ({ latitude: 4.6, longitude: 101.1, name: "Ipoh" }),
  contact: () => ({ name: "Ada", vcard: "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD" }),
  poll: (n) => ({ name: `when ${n}`, options }),
  timer: (n) => ({ seconds: n }),
  protocol: (n) => ({ content: { groupInviteMessage: { groupJid: "1@g.us", groupName: `come ${n}` } } })
}
export const otherKinds = Object.keys(said).filter((kind) => kind !== "text")
