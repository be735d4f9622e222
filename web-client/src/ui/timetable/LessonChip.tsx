// A lesson in the week: a card with its subject's colour and word, teacher, rooms; one line where many stand together.
import type { DragEvent, KeyboardEvent } from 'react';
import type { TimetableLessonView } from '../../protocol/types';
import { subjectLook, subjectWord } from '../county/subjects';
import { text } from './words';

interface Props {
  lesson: TimetableLessonView;
  isShort: boolean;
  mayMove: boolean;
  isPicked: boolean;
  isInTheWay: boolean;
  open(): void;
  pick(how: 'pointer' | 'keys'): void;
  put(): void;
}

const receivers = ({ classes }: TimetableLessonView): string => {
  const [first] = classes;
  if (first === undefined) return '';
  return classes.length === 1 ? `${first.org_name} ${first.class_name}` : text.toClasses(classes.length);
};

const everywhere = ({ classes }: TimetableLessonView): string =>
  classes.map(({ org_name, class_name }) => `${org_name} ${class_name}`).join('、');

export function LessonChip({ lesson, isShort, mayMove, isPicked, isInTheWay, open, pick, put }: Props) {
  const { ground, edge } = subjectLook(lesson.subject);
  const said = text.states[lesson.state];
  const title = `${subjectWord(lesson.subject)} ${text.grade(lesson.grade)}`;
  const classes = ['chip', `chip-${lesson.state}`];
  if (isShort) classes.push('chip-short');
  if (isPicked) classes.push('chip-picked');
  if (isInTheWay) classes.push('chip-conflict');
  const movable = mayMove && lesson.state === 'planned';
  const onKeyDown = (event: KeyboardEvent) => {
    if (!movable || isPicked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== 'm' && event.key !== 'M') return;
    event.preventDefault();
    pick('keys');
  };
  const onDragStart = (event: DragEvent) => {
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', lesson.id);
    pick('pointer');
  };
  return (
    <button
      type="button"
      className={classes.join(' ')}
      style={{ background: ground, borderColor: edge }}
      draggable={movable}
      onClick={open}
      onKeyDown={onKeyDown}
      onDragStart={onDragStart}
      onDragEnd={put}
      aria-keyshortcuts={movable ? 'M' : undefined}
      title={`${title} · ${lesson.teacher_name} · ${lesson.org_name} ${lesson.classroom_name} → ${everywhere(lesson)}`}
      data-testid="lesson"
      data-lesson={lesson.id}
    >
      <span className="chip-title">
        <strong>{title}</strong>
        {isInTheWay && <em>{text.inTheWay}</em>}
        {said !== '' && <em>{said}</em>}
      </span>
      <span className="chip-who">
        {lesson.teacher_name}
        {isShort ? ` → ${receivers(lesson)}` : ` · ${lesson.org_name} ${lesson.classroom_name}`}
      </span>
      {!isShort && <span className="chip-to">→ {receivers(lesson)}</span>}
    </button>
  );
}
