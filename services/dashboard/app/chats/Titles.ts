interface Named {
  readonly id?: string
  readonly kind?: string
  readonly name?: string
  readonly phone?: string
  readonly lid?: string
  readonly address?: string
}

/** What somebody, or a chat, is called: the best of what is known and may be read. */
export const titleOf = ({ address, id, kind, lid, name, phone }: Named): string =>
  name ?? phone ?? lid ?? address ?? (id ? `${kind ?? "somebody"} ${id.slice(0, 8)}` : "somebody")
