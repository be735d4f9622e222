// The link that is copied for somebody else's machine.

/** `link` on the origin that other machines reach (`reachable`, an address the server names for them). A link that names
 * this machine alone (127.0.0.1, localhost) would open nothing elsewhere. */
export function sharedLink(link: string, reachable: string): string {
  const url = new URL(link);
  const isHereOnly =
    url.hostname === 'localhost' || url.hostname === '[::1]' || url.hostname.startsWith('127.');
  return isHereOnly ? new URL(url.pathname + url.search + url.hash, reachable).href : link;
}
