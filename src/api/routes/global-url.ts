/** A target's URL as others reach it: `localhost` gives way to the host of the external URL. */

const LOCAL_HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** @param listenPort if the target is local and has this port, it is this server, whose own external URL is known whole. */
export function globalUrl(scrapeUrl: string, externalUrl: URL, listenPort: number): string {
  const parts = /^([a-z]+):\/\/((?:[^/?#@]*@)?)(\[[^\]]*\]|[^/?#:]*)(?::(\d+))?(.*)$/s.exec(scrapeUrl);
  if (parts === null) return scrapeUrl;
  const [, scheme, user, host, port, rest] = parts;
  if (!LOCAL_HOSTS.has(host!)) return scrapeUrl;
  if (port === String(listenPort)) return `${externalUrl.protocol}//${user}${externalUrl.host}${rest}`;
  return `${scheme}://${user}${externalUrl.hostname}${port === undefined ? "" : `:${port}`}${rest}`;
}
