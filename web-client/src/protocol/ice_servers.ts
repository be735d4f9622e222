// STUN and TURN servers out of `Link` headers (RFC 8288 syntax, RFC 9725 §4.6).

/** `link` is what `Headers.get` makes of all `Link` headers: one text, joined by commas. */
export function readIceServers(link: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  // A target, then parameters whose quoted values may hold commas and semicolons.
  for (const [, urls = '', parameters = ''] of (link ?? '').matchAll(
    /<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]+))*)/g,
  )) {
    const value = (name: string): string | undefined => {
      const found = new RegExp(`;\\s*${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s",;]+))`, 'i').exec(
        parameters,
      );
      return found?.[1]?.replace(/\\(.)/g, '$1') ?? found?.[2];
    };
    if (value('rel') !== 'ice-server' || !/^(stun|turn)s?:/.test(urls)) continue;
    const username = value('username');
    const credential = value('credential');
    servers.push({
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    });
  }
  return servers;
}
