// What somebody without a role may do here: four people, four doors.
import { Button } from 'antd';
import { go } from '../shell/router';
import { text } from './words';

export function TeachHint() {
  return (
    <section className="doors" data-testid="doors">
      <h1>{text.noneTitle}</h1>
      <p>{text.noneHint}</p>
      <div>
        <article>
          <h2>{text.asRoom}</h2>
          <p>{text.asRoomHint}</p>
          <Button type="primary" size="large" href="/classroom">
            {text.openRoom}
          </Button>
        </article>
        <article>
          <h2>{text.asAccount}</h2>
          <p>{text.asAccountHint}</p>
          <Button size="large" onClick={() => go('/sign-in')} data-testid="door-sign-in">
            {text.toSignIn}
          </Button>
        </article>
        <article>
          <h2>{text.asTeacher}</h2>
          <p>{text.asTeacherHint}</p>
        </article>
        <article>
          <h2>{text.asAdmin}</h2>
          <p>{text.asAdminHint}</p>
          <code>tongtang setup-link</code>
        </article>
      </div>
    </section>
  );
}
