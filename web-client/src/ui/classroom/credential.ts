// The classroom's credential: typed a code once, kept in this browser, shown again with each later code.
import { api } from '../../protocol/api';
import { type Result, success } from '../../protocol/result';

const CREDENTIAL = 'tongtang.classroom.credential';
const NAME = 'tongtang.classroom.name';

export const kept = {
  credential: (): string | null => localStorage.getItem(CREDENTIAL),
  name: (): string => localStorage.getItem(NAME) ?? '',
  keep(credential: string, name: string): void {
    localStorage.setItem(CREDENTIAL, credential);
    localStorage.setItem(NAME, name);
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
