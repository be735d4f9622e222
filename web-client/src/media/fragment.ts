// ICE restart by SDP fragments (RFC 8840, RFC 9725 §4.3.3): ours out of an offer, the server's into its old answer.

interface IceCredentials {
  ufrag: string;
  password: string;
}

function attribute(sdp: string, name: string): string | null {
  return new RegExp(`^a=${name}:(.*)$`, 'm').exec(sdp)?.[1]?.trim() ?? null;
}

function credentials(sdp: string): IceCredentials | null {
  const ufrag = attribute(sdp, 'ice-ufrag');
  const password = attribute(sdp, 'ice-pwd');
  return ufrag === null || password === null ? null : { ufrag, password };
}

/** The fragment that asks for an ICE restart: the new credentials under the first m-line (all are bundled). */
export function restartFragment(offer: string): string | null {
  const ice = credentials(offer);
  const mline = /^m=.*$/m.exec(offer)?.[0]?.trim();
  const mid = attribute(offer, 'mid');
  const group = attribute(offer, 'group');
  if (ice === null || mline === undefined || mid === null) return null;
  const lines = [
    ...(group === null ? [] : [`a=group:${group}`]),
    mline,
    `a=mid:${mid}`,
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.password}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** The earlier answer with the credentials and candidates of the server's fragment. */
export function answerAfterRestart(answer: string, fragment: string): string | null {
  const ice = credentials(fragment);
  if (ice === null) return null;
  const candidates = fragment.match(/^a=candidate:.*$/gm)?.map((line) => line.trim()) ?? [];
  const renewed: string[] = [];
  for (const line of answer.split(/\r?\n/)) {
    if (line.startsWith('a=ice-ufrag:')) renewed.push(`a=ice-ufrag:${ice.ufrag}`);
    else if (line.startsWith('a=ice-pwd:')) {
      renewed.push(`a=ice-pwd:${ice.password}`, ...candidates);
    } else if (!line.startsWith('a=candidate:') || candidates.length === 0) renewed.push(line);
  }
  return renewed.join('\r\n');
}
