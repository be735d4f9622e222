// The teacher's link of this tab, so that the lessons page leads back to the lesson.

const KEY = 'tongtang.teach';

export const lastLesson = {
  keep: (credential: string): void => sessionStorage.setItem(KEY, credential),
  address: (): string | null => {
    const credential = sessionStorage.getItem(KEY);
    return credential === null ? null : `/teach#${encodeURIComponent(credential)}`;
  },
};
