// A lesson that is going on: its code, its links, who is there, ending it.
import { App, Button } from 'antd';
import { useCallback } from 'react';
import { api } from '../../protocol/api';
import type { LessonView } from '../../protocol/types';
import { classroomsOf } from '../../session/state';
import { dayAndTime, spacedCode } from '../../words/format';
import { useLoaded } from '../shell/loaded';
import { failureWords } from '../shell/states';
import { CopyText } from './CopyText';
import { StateTag } from './StateTag';
import { sharedLink } from './shared_link';
import { text } from './words';

export function LessonCard({ lesson, changed }: { lesson: LessonView; changed(): void }) {
  const { modal, message } = App.useApp();
  const ask = useCallback(() => api.lessonAccess(lesson.id), [lesson.id]);
  const { loaded } = useLoaded(ask);
  const access = loaded.kind === 'ready' ? loaded.value : null;
  const end = () =>
    void modal.confirm({
      title: text.endTitle,
      content: text.endHint,
      okText: text.end,
      cancelText: text.cancel,
      okButtonProps: { danger: true },
      onOk: async () => {
        const ended = await api.endLesson(lesson.id);
        if (!ended.ok) void message.error(failureWords(ended.failure));
        changed();
      },
    });
  return (
    <article className="lesson" data-testid="lesson" data-lesson={lesson.id}>
      <div className="lesson-head">
        <h2>{lesson.title}</h2>
        <StateTag state={lesson.state} />
        <span className="soft">
          {text.rooms(classroomsOf(lesson).filter((room) => room.present).length)}
          {lesson.started_at != null && ` · ${dayAndTime(lesson.started_at)}`}
        </span>
      </div>
      {loaded.kind === 'failed' && <p className="soft">{failureWords(loaded.failure)}</p>}
      {access !== null && (
        <div className="lesson-body">
          <div className="lesson-code">
            <span className="soft">{text.code}</span>
            <b data-testid="lesson-code">{spacedCode(access.code ?? '')}</b>
            <span className="soft">
              {text.classroomAddress} <a href={access.classroom_url}>{access.classroom_url}</a>
            </span>
          </div>
          <div className="lesson-link">
            <span className="soft">
              {text.teacherLink}：{text.teacherLinkHint}
            </span>
            <CopyText
              value={sharedLink(access.teacher_url, access.classroom_url)}
              label={text.teacherLink}
              testid="teacher-url"
            />
          </div>
          <div className="lesson-actions">
            <Button
              type="primary"
              size="large"
              href={`/teach#${encodeURIComponent(access.teacher_credential)}`}
              data-testid="teach"
            >
              {text.teach}
            </Button>
            <Button size="large" onClick={end}>
              {text.end}
            </Button>
          </div>
        </div>
      )}
    </article>
  );
}
