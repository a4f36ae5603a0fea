/** What the gateway's policy lets styles that are made here go by; absent where the page is served by something else. */
export const nonce = (): string => {
  const { content = "" } = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]') ?? {}
  return content.startsWith("__") ? "" : content
}
