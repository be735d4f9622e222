// A PictureView as a React component: the track changes, the element stays.
import { useEffect, useRef, useState } from 'react';
import { PictureView } from '../../media/picture';

interface Props {
  track: MediaStreamTrack | null;
  label: string;
  /** Own camera as in a mirror. */
  mirrored?: boolean;
  testid?: string;
  /** Shown until the first frame. */
  children?: React.ReactNode;
}

export function Picture({ track, label, mirrored = false, testid, children }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<PictureView | null>(null);
  const [live, setLive] = useState(false);

  useEffect(() => {
    const made = new PictureView('', setLive);
    view.current = made;
    place.current?.append(made.element);
    return () => {
      view.current = null;
      made.close();
    };
  }, []);
  useEffect(() => view.current?.show(track), [track]);
  useEffect(() => view.current?.label(label), [label]);

  return (
    <div className={mirrored ? 'frame mirrored' : 'frame'} ref={place} data-testid={testid} data-live={live}>
      {!live && <div className="frame-words">{children}</div>}
    </div>
  );
}
