// The classroom's credential: paired once, by its own code or a lesson's, kept in this browser, shown again with each later
// lesson's code.
import { api } from '../../protocol/api';
import { type Result, success } from '../../protocol/result';

const CREDENTIAL = 'tongtang.classroom.credential';
const NAME = 'tongtang.classroom.name';
/** Of a screen that waits to be paired. */
const SECRET = 'tongtang.classroom.secret';

export const kept = {
  credential: (): string | null => localStorage.getItem(CREDENTIAL),
  name: (): string => localStorage.getItem(NAME) ?? '',
  keep(credential: string, name: string): void {
    localStorage.setItem(CREDENTIAL, credential);
    localStorage.setItem(NAME, name);
    localStorage.removeItem(SECRET);
  },
  secret: (): string | null => localStorage.getItem(SECRET),
  keepSecret(secret: string | null): void {
    if (secret === null) localStorage.removeItem(SECRET);
    else localStorage.setItem(SECRET, secret);
  },
  forget(): void {
    localStorage.removeItem(CREDENTIAL);
  },
};

/** Enters the lesson of a code, as the device this screen is already if it has a credential. Ends with the credential. */
export async function pairScreen(code: string, room: string): Promise<Result<string>> {
  const paired = await api.pair(code, room === '' ? null : room, kept.credential());
  if (!paired.ok) return paired;
  const { credential } = paired.value;
  kept.keep(credential, room);
  return success(credential);
}
