// The teacher's page: from the link's credential to the device check, the lesson and its end.
import { Button } from 'antd';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { LessonView } from '../../protocol/types';
import { isOver } from '../../session/state';
import { setTitle } from '../../words/title';
import { go } from '../shell/router';
import { Loading, Plate } from '../shell/states';
import { afterwardsOf } from './afterwards';
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
    setTitle(text.page);
    return () => made.close();
  }, [credential]);
  return teach === null ? null : <Teach teach={teach} />;
}

function Teach({ teach }: { teach: TeachRoom }) {
  const state = useSyncExternalStore(teach.subscribe, teach.getState);
  const { connection, lesson, place } = state.session;
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
  if (isOver(lesson)) return <Ended lesson={lesson} />;
  if (place === 'replaced') {
    return (
      <Plate
        title={text.elsewhere}
        testid="replaced"
        action={
          <Button type="primary" size="large" onClick={() => teach.takeBack()} data-testid="take-back">
            {text.teachHere}
          </Button>
        }
      >
        {text.elsewhereHint}
      </Plate>
    );
  }
  const running = lesson.state === 'live' || lesson.state === 'paused';
  if (running && state.entered) return <Desk teach={teach} state={state} lesson={lesson} />;
  return <DeviceCheck teach={teach} state={state} lesson={lesson} />;
}

function Ended({ lesson }: { lesson: LessonView }) {
  const ready = lesson.resource_id != null && lesson.state === 'published';
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
      {text.afterwards[afterwardsOf(lesson)]}
    </Plate>
  );
}
