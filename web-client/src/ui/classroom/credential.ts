// The classroom's credential: typed a code once, kept in this browser.

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
