// The first page: what to do next, by who is asking.
import { Button } from 'antd';
import { api } from '../../protocol/api';
import { thisTab } from '../../session/this_tab';
import { useLoaded } from '../shell/loaded';
import { go } from '../shell/router';
import { FailurePlate, Loading, Plate } from '../shell/states';
import './home.css';
import { LessonsPage } from './LessonsPage';
import { TeachHint } from './TeachHint';
import { text } from './words';

export function HomePage() {
  const { loaded, reload } = useLoaded(api.session);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  const { role, acts } = loaded.value;
  if (role === 'admin' || (role === 'account' && acts.includes('read_lessons'))) return <LessonsPage />;
  if (role === 'account') {
    return (
      <Plate
        title={text.accountHint}
        action={
          <Button type="primary" size="large" onClick={() => go('/today')}>
            {text.toToday}
          </Button>
        }
      />
    );
  }
  if (role === 'teacher' && thisTab.credential() !== null) {
    return (
      <Plate
        title={text.teacherHint}
        action={
          <Button type="primary" size="large" href="/teach">
            {text.back}
          </Button>
        }
      />
    );
  }
  return <TeachHint />;
}
