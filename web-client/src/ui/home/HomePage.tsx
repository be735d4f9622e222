// The first page: what to do next, by who is asking.
import { Button } from 'antd';
import { api } from '../../protocol/api';
import { useLoaded } from '../shell/loaded';
import { FailurePlate, Loading, Plate } from '../shell/states';
import './home.css';
import { LessonsPage } from './LessonsPage';
import { lastLesson } from './last_lesson';
import { TeachHint } from './TeachHint';
import { text } from './words';

export function HomePage() {
  const { loaded, reload } = useLoaded(api.session);
  if (loaded.kind === 'loading') return <Loading />;
  if (loaded.kind === 'failed') return <FailurePlate failure={loaded.failure} retry={reload} />;
  if (loaded.value.role === 'admin') return <LessonsPage />;
  const address = lastLesson.address();
  if (loaded.value.role === 'teacher' && address !== null) {
    return (
      <Plate
        title={text.teacherHint}
        action={
          <Button type="primary" size="large" href={address}>
            {text.back}
          </Button>
        }
      />
    );
  }
  return <TeachHint />;
}
