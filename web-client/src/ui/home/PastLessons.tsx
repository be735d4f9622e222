// Lessons that are over, one line each; sorted and filtered by their heads.
import { Button, Table } from 'antd';
import type { LessonView } from '../../protocol/types';
import { classroomsOf } from '../../session/state';
import { dayAndTime, minutes } from '../../words/format';
import { languageTag } from '../../words/language';
import { go } from '../shell/router';
import { StateTag } from './StateTag';
import { text } from './words';

function when(lesson: LessonView): string {
  return lesson.started_at == null ? '' : dayAndTime(lesson.started_at);
}

function lengthMs({ started_at, ended_at }: LessonView): number {
  return started_at == null || ended_at == null ? 0 : ended_at - started_at;
}

function length({ started_at, ended_at }: LessonView): string {
  return started_at == null || ended_at == null ? '' : minutes(ended_at - started_at);
}

export function PastLessons({ lessons }: { lessons: LessonView[] }) {
  const states = [...new Set(lessons.map((lesson) => lesson.state))];
  return (
    <Table
      className="past"
      rowKey="id"
      size="middle"
      pagination={{ pageSize: 20, hideOnSinglePage: true }}
      scroll={{ x: 'max-content' }}
      dataSource={lessons}
      columns={[
        {
          key: 'title',
          title: text.title,
          sorter: (a, b) => a.title.localeCompare(b.title, languageTag),
          render: (_, lesson) => <strong>{lesson.title}</strong>,
        },
        {
          key: 'state',
          title: text.state,
          filters: states.map((state) => ({ value: state, text: text.states[state] })),
          onFilter: (state, lesson) => lesson.state === state,
          render: (_, lesson) => <StateTag state={lesson.state} />,
        },
        {
          key: 'when',
          title: text.when,
          sorter: (a, b) => (a.started_at ?? 0) - (b.started_at ?? 0),
          render: (_, lesson) => when(lesson),
        },
        {
          key: 'length',
          title: text.length,
          sorter: (a, b) => lengthMs(a) - lengthMs(b),
          render: (_, lesson) => length(lesson),
        },
        {
          key: 'rooms',
          title: text.roomsHead,
          sorter: (a, b) => classroomsOf(a).length - classroomsOf(b).length,
          render: (_, lesson) => text.rooms(classroomsOf(lesson).length),
        },
        {
          key: 'watch',
          align: 'right',
          render: (_, lesson) =>
            lesson.resource_id == null ? null : (
              <Button type="link" onClick={() => go(`/library/${lesson.resource_id}`)}>
                {lesson.state === 'published'
                  ? text.watch
                  : lesson.state === 'failed'
                    ? text.why
                    : text.progress}
              </Button>
            ),
        },
      ]}
    />
  );
}
