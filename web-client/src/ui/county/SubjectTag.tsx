// A subject as a word on its colour.
import { subjectLook, subjectWord } from './subjects';

export function SubjectTag({ subject, more }: { subject: string; more?: string | undefined }) {
  const { ground, edge } = subjectLook(subject);
  return (
    <span className="subject" style={{ background: ground, borderColor: edge }}>
      {subjectWord(subject)}
      {more !== undefined && ` ${more}`}
    </span>
  );
}
