// What this tab remembers over a reload: the teacher's link, and whether the lesson was taught here.
//
// The tab, not the browser: another tab must not enter the lesson by itself.

const LINK = 'tongtang.teach';
const TAUGHT = 'tongtang.taught';

export const thisTab = {
  keepCredential: (credential: string): void => sessionStorage.setItem(LINK, credential),
  credential: (): string | null => sessionStorage.getItem(LINK),
  /** The lesson of this link is taught here from now on, or no more. */
  teaches(credential: string, here: boolean): void {
    if (here) sessionStorage.setItem(TAUGHT, credential);
    else sessionStorage.removeItem(TAUGHT);
  },
  /** Was it taught here when the page was loaded anew? Whoever comes along a link wants to look first. */
  taughtBeforeReload: (credential: string): boolean =>
    sessionStorage.getItem(TAUGHT) === credential && wasReloaded(),
  forget(): void {
    sessionStorage.removeItem(LINK);
    sessionStorage.removeItem(TAUGHT);
  },
};

function wasReloaded(): boolean {
  const [load] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return load?.type === 'reload';
}
