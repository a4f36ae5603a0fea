/** What the operating system refused, by its codes, and what to do about it. */
const ways: Readonly<Record<string, string>> = {
  ENOSPC: "make room on its disk",
  EDQUOT: "make room on its disk",
  EIO: "see whether its disk is sound; restore it from a backup if it is not",
  EROFS: "set DATA_DIR to a folder on a disk that may be written to"
}
const allow = "see that it is a file or folder that this user may read and write"

/** Why something failed, and what to do: what we found out ourselves says that already, what the system says does not. */
export const inWords = (cause: unknown): string => {
  if (!(cause instanceof Error)) return "unknown"
  const { code, message } = cause as { readonly code?: unknown; readonly message: string }
  return typeof code === "string" ? `${message}; ${ways[code] ?? allow}` : message
}
