// Lessons that are over, one line each.
import { Button, Table } from 'antd';
import type { LessonView } from '../../protocol/types';
import { classroomsOf } from '../../session/state';
import { dayAndTime, minutes } from '../../words/format';
import { go } from '../shell/router';
import { StateTag } from './StateTag';
import { text } from './words';

function when(lesson: LessonView): string {
  return lesson.started_at == null ? '' : dayAndTime(lesson.started_at);
}

function length({ started_at, ended_at }: LessonView): string {
  return started_at == null || ended_at == null ? '' : minutes(ended_at - started_at);
}

export function PastLessons({ lessons }: { lessons: LessonView[] }) {
  return (
    <Table
      className="past"
      rowKey="id"
      size="middle"
      showHeader={false}
      pagination={{ pageSize: 20, hideOnSinglePage: true }}
      scroll={{ x: 'max-content' }}
      dataSource={lessons}
      columns={[
        { key: 'title', render: (_, lesson) => <strong>{lesson.title}</strong> },
        { key: 'state', render: (_, lesson) => <StateTag state={lesson.state} /> },
        { key: 'when', render: (_, lesson) => when(lesson) },
        { key: 'length', render: (_, lesson) => length(lesson) },
        { key: 'rooms', render: (_, lesson) => text.rooms(classroomsOf(lesson).length) },
        {
          key: 'watch',
          align: 'right',
          render: (_, lesson) =>
            lesson.state === 'published' && lesson.resource_id != null ? (
              <Button type="link" onClick={() => go(`/library/${lesson.resource_id}`)}>
                {text.watch}
              </Button>
            ) : null,
        },
      ]}
    />
  );
}
