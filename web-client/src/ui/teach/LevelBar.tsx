// A bar that moves with the microphone.
import { useEffect, useRef } from 'react';
import { LevelMeter } from '../../media/level';

const EVERY_MS = 80;

export function LevelBar({ track }: { track: MediaStreamTrack | null }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (track === null) return;
    const meter = new LevelMeter(track);
    const timer = setInterval(() => {
      bar.current?.style.setProperty('--level', meter.read().toFixed(2));
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      meter.close();
    };
  }, [track]);
  return (
    <div className="level" ref={bar} aria-hidden="true">
      <b />
    </div>
  );
}
