// What somebody without a role may do here: three people, three doors.
import { Button } from 'antd';
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
