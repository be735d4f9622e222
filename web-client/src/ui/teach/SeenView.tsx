// The left two thirds: what the classrooms see now.
import type { LessonView } from '../../protocol/types';
import { participantOf } from '../../session/state';
import { Picture } from '../shell/Picture';
import type { TeachRoom } from './room';
import { text } from './words';

export function SeenView({ teach, lesson }: { teach: TeachRoom; lesson: LessonView }) {
  const { board, devices } = teach.getState();
  const stage = participantOf(lesson, lesson.on_stage);
  const layout = `${board === null ? 'camera' : 'board'}${stage === null ? '' : '-stage'}`;
  return (
    <section className={`seen seen-${layout}`} aria-label={text.seen} data-testid="seen" data-layout={layout}>
      {board !== null && (
        <div className="seen-board">
          <Picture track={board} label={text.boardPicture} />
        </div>
      )}
      <div className="seen-camera">
        <Picture track={devices.camera.track} label={text.own} testid="own-picture">
          {devices.camera.trouble === null ? '' : text.troubles[devices.camera.trouble]}
        </Picture>
      </div>
      {stage !== null && (
        <figure className="seen-stage">
          <Picture
            track={stage.publishing.includes('camera') ? teach.media.subscriber.track('stage') : null}
            label={text.stagePicture(stage.name)}
            testid="stage-picture"
          >
            {text.noPicture}
          </Picture>
          <figcaption>{stage.name}</figcaption>
        </figure>
      )}
    </section>
  );
}
