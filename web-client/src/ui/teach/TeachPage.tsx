// The teacher's page: from the link's credential to the device check, the lesson and its end.
import { Button } from 'antd';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { api } from '../../protocol/api';
import { hasMedia } from '../../session/state';
import { lastLesson } from '../home/last_lesson';
import { go } from '../shell/router';
import { Loading, Plate } from '../shell/states';
import { Desk } from './Desk';
import { DeviceCheck } from './DeviceCheck';
import { TeachRoom } from './room';
import './teach.css';
import { text } from './words';

export function TeachPage({ credential }: { credential: string }) {
  const [teach, setTeach] = useState<TeachRoom | null>(null);
  useEffect(() => {
    const made = new TeachRoom(credential);
    setTeach(made);
    // The same link opens the library of this lesson; without it the lesson goes on all the same.
    void api.teacherSession(credential);
    lastLesson.keep(credential);
    document.title = `同堂 · ${text.page}`;
    return () => made.close();
  }, [credential]);
  return teach === null ? null : <Teach teach={teach} />;
}

function Teach({ teach }: { teach: TeachRoom }) {
  const state = useSyncExternalStore(teach.subscribe, teach.getState);
  const { connection, lesson } = state.session;
  if (connection.kind === 'refused') {
    const { title, detail, type, status } = connection.problem;
    return (
      <Plate title={text.refusedTitle} code={`${type} · ${status}`} testid="refused">
        {title} {detail}
      </Plate>
    );
  }
  if (lesson === null) {
    return (
      <div className="check">
        <Loading rows={8} />
        {connection.kind === 'lost' && <p role="status">{text.signalingLost(connection.attempts)}</p>}
      </div>
    );
  }
  if (lesson.state === 'scheduled' || (hasMedia(lesson) && !state.entered)) {
    return <DeviceCheck teach={teach} state={state} lesson={lesson} />;
  }
  if (hasMedia(lesson)) return <Desk teach={teach} state={state} lesson={lesson} />;

  const ready = lesson.resource_id != null && lesson.state === 'published';
  const words =
    lesson.state === 'failed'
      ? text.composeFailed
      : lesson.state === 'processing' || lesson.record
        ? text.processing
        : text.notRecorded;
  return (
    <Plate
      title={text.ended}
      testid="ended"
      action={
        <Button
          type="primary"
          size="large"
          onClick={() => go(ready ? `/library/${lesson.resource_id}` : '/library')}
          data-testid="to-library"
        >
          {ready ? text.watch : text.toLibrary}
        </Button>
      }
    >
      {ready ? '' : words}
    </Plate>
  );
}
