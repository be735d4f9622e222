// Plays a resource: picture, bar with chapters, keyboard, position kept.
import { Button, Select } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ResourceView } from '../../protocol/types';
import { clockLength } from '../../words/format';
import { Icon } from '../shell/icons';
import { Plate } from '../shell/states';
import { Bar } from './Bar';
import { actOf } from './player_keys';
import { keepPosition, keptPosition, readTime } from './position';
import { playStream } from './stream';
import { text } from './words';

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];

/** The position is written down this often. */
const KEEP_EVERY_MS = 5_000;

interface Props {
  resource: ResourceView;
  url: string;
  /** Told which chapter plays. */
  at(ms: number): void;
  /** Set by a chapter that was pressed. */
  wanted: { ms: number } | null;
  /** A fresh address of the same stream: signed addresses expire. */
  renew(): Promise<string | null>;
}

export function Player({ resource, url, at, wanted, renew }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [playing, setPlaying] = useState(false);
  const [muted, setMuted] = useState(false);
  const [volume, setVolume] = useState(1);
  const [atMs, setAtMs] = useState(0);
  const [durationMs, setDurationMs] = useState(resource.duration_ms ?? 0);
  const [bufferedMs, setBufferedMs] = useState(0);
  const [broken, setBroken] = useState(false);
  const [round, setRound] = useState(0);
  const [resumedAt, setResumedAt] = useState<number | null>(null);

  // The signature in the address changes with each answer of the server; the stream it leads to does not.
  const address = useRef(url);
  const stoppedAt = useRef<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round begins anew
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    const asked = stoppedAt.current ?? readTime(new URLSearchParams(location.search).get('t'));
    const kept = keptPosition(resource.id);
    if (asked === null && kept > 0) setResumedAt(kept * 1000);
    const close = playStream(element, address.current, asked ?? kept, () => {
      stoppedAt.current = element.currentTime;
      setBroken(true);
    });
    const keep = () => keepPosition(resource.id, element.currentTime, element.duration || 0);
    const timer = setInterval(() => !element.paused && keep(), KEEP_EVERY_MS);
    window.addEventListener('pagehide', keep);
    return () => {
      keep();
      clearInterval(timer);
      window.removeEventListener('pagehide', keep);
      close();
    };
  }, [resource.id, round]);
  const again = async () => {
    address.current = (await renew()) ?? address.current;
    setBroken(false);
    setRound((n) => n + 1);
  };

  const seek = useCallback((ms: number) => {
    const element = video.current;
    if (element === null) return;
    element.currentTime = Math.max(0, ms / 1000);
    setAtMs(ms);
    setResumedAt(null);
  }, []);
  useEffect(() => {
    if (wanted === null) return;
    seek(wanted.ms);
    void video.current?.play().catch(() => undefined);
  }, [wanted, seek]);

  const toggle = useCallback(() => {
    const element = video.current;
    if (element === null) return;
    if (element.paused) void element.play().catch(() => undefined);
    else element.pause();
  }, []);
  const switchSound = () => {
    if (video.current !== null) video.current.muted = !video.current.muted;
  };
  const setLoudness = (to: number) => {
    if (video.current === null) return;
    video.current.volume = to;
    video.current.muted = to === 0;
  };
  const full = useCallback(() => {
    if (document.fullscreenElement !== null) void document.exitFullscreen();
    else void frame.current?.requestFullscreen?.().catch(() => undefined);
  }, []);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const element = video.current;
      if (element === null || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      const own =
        target.closest('button, a, [role="combobox"], .volume input, input:not([type="range"])') !== null;
      if (own && (event.key === ' ' || event.key === 'Enter' || target.tagName === 'INPUT')) return;
      const act = actOf(event.key);
      if (act === null) return;
      event.preventDefault();
      if (act.kind === 'toggle') toggle();
      else if (act.kind === 'by') seek((element.currentTime + act.seconds) * 1000);
      else if (act.kind === 'to') seek((element.duration || 0) * act.fraction * 1000);
      else if (act.kind === 'volume') element.volume = Math.min(1, Math.max(0, element.volume + act.by));
      else if (act.kind === 'mute') element.muted = !element.muted;
      else full();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [seek, toggle, full]);

  const onTime = () => {
    const element = video.current;
    if (element === null) return;
    const ms = element.currentTime * 1000;
    setAtMs(ms);
    at(ms);
    const { buffered } = element;
    setBufferedMs(buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) * 1000);
  };

  return (
    <div className="player" ref={frame} data-testid="player">
      <div className="player-picture">
        <video
          ref={video}
          playsInline
          poster={resource.poster_url ?? undefined}
          onClick={toggle}
          onPlay={() => setPlaying(true)}
          onPause={() => setPlaying(false)}
          onTimeUpdate={onTime}
          onProgress={onTime}
          onDurationChange={() => setDurationMs((video.current?.duration || 0) * 1000)}
          onVolumeChange={() => {
            setMuted(video.current?.muted ?? false);
            setVolume(video.current?.volume ?? 1);
          }}
          aria-label={resource.title}
          data-testid="video"
        />
        {broken && (
          <div className="player-broken">
            <Plate
              title={text.broken}
              action={
                <Button type="primary" onClick={() => void again()}>
                  {text.play}
                </Button>
              }
            >
              {text.brokenHint}
            </Plate>
          </div>
        )}
        {resumedAt !== null && (
          <p className="resumed">
            {text.resumed(clockLength(resumedAt))}{' '}
            <Button size="small" onClick={() => seek(0)}>
              {text.fromStart}
            </Button>
          </p>
        )}
      </div>
      <Bar
        atMs={atMs}
        durationMs={durationMs}
        bufferedMs={bufferedMs}
        chapters={resource.chapters}
        seek={seek}
      />
      <div className="controls">
        <Button
          size="large"
          type="primary"
          icon={<Icon name={playing ? 'pause' : 'play'} size={20} />}
          onClick={toggle}
          data-testid="play"
        >
          {playing ? text.pause : text.play}
        </Button>
        <span className="times" data-testid="times">
          {clockLength(atMs)} / {clockLength(durationMs)}
        </span>
        <span className="volume">
          <Button
            type="text"
            size="large"
            icon={<Icon name={muted ? 'silent' : 'sound'} size={22} />}
            onClick={switchSound}
          >
            {muted ? text.unmute : text.mute}
          </Button>
          <input
            type="range"
            min={0}
            max={1}
            step={0.05}
            value={muted ? 0 : volume}
            onChange={(event) => setLoudness(Number(event.target.value))}
            aria-label={text.volume}
            data-testid="volume"
          />
        </span>
        <Select
          aria-label={text.speed}
          size="large"
          variant="borderless"
          defaultValue={1}
          options={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
          onChange={(value) => {
            if (video.current !== null) video.current.playbackRate = value;
          }}
        />
        <Button type="text" size="large" icon={<Icon name="full" size={22} />} onClick={full}>
          {text.fullScreen}
        </Button>
      </div>
    </div>
  );
}
