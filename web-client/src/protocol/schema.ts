// The shapes of signaling's OpenAPI document (`npm run generate` writes this file anew from openapi.json).

export interface components {
  schemas: {
    LessonState: 'scheduled' | 'open' | 'live' | 'paused' | 'ended' | 'processing' | 'published' | 'failed';
    VideoCodec: 'h264' | 'vp8';
    Role: 'teacher' | 'classroom' | 'assistant' | 'observer';
    Source: 'microphone' | 'camera' | 'board';
    LinkLevel: 'unknown' | 'good' | 'weak' | 'lost';
    Link: {
      level: components['schemas']['LinkLevel'];
      rtt_ms?: number | null;
      loss_percent?: number | null;
    };
    Participant: {
      id: string;
      role: components['schemas']['Role'];
      name: string;
      device_id?: string | null;
      present: boolean;
      publishing: components['schemas']['Source'][];
      muted: boolean;
      hand_raised_at?: number | null;
      last_on_stage_at?: number | null;
      link: components['schemas']['Link'];
    };
    RecordingState: 'off' | 'starting' | 'on' | 'failed';
    LessonView: {
      id: string;
      title: string;
      state: components['schemas']['LessonState'];
      video_codec: components['schemas']['VideoCodec'];
      started_at?: number | null;
      ended_at?: number | null;
      participants: components['schemas']['Participant'][];
      on_stage?: string | null;
      recording: components['schemas']['RecordingState'];
      recording_alarm?: string | null;
      code?: string | null;
      resource_id?: string | null;
    };
    LessonAccess: {
      lesson: components['schemas']['LessonView'];
      teacher_url: string;
      teacher_credential: string;
      code: string;
      classroom_url: string;
    };
    Problem: { type: string; title: string; status: number; detail?: string | null };
    JobState: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
    JobStep: 'reading' | 'composing' | 'finishing';
    JobView: {
      id: string;
      state: components['schemas']['JobState'];
      percent: number;
      step?: components['schemas']['JobStep'] | null;
      eta_s?: number | null;
      error?: string | null;
      attempts: number;
    };
    Chapter: { at_ms: number; title: string };
    ResourceView: {
      id: string;
      lesson_id: string;
      recording_id: string;
      title: string;
      recorded_at: number;
      duration_ms?: number | null;
      playlist_url?: string | null;
      poster_url?: string | null;
      chapters: components['schemas']['Chapter'][];
      gap_ms: number;
      job: components['schemas']['JobView'];
    };
    NextLesson: { id: string; title: string; starts_at?: number | null };
    DeviceView: { id: string; name: string; next_lesson?: components['schemas']['NextLesson'] | null };
    MediaGrant: {
      whip_url?: string | null;
      whep_url: string;
      slots: string[];
      token: string;
      expires_at: number;
      epoch: number;
    };
    Welcome: {
      session_id: string;
      role: components['schemas']['Role'];
      you?: string | null;
      device?: components['schemas']['DeviceView'] | null;
      lesson?: components['schemas']['LessonView'] | null;
      media?: components['schemas']['MediaGrant'] | null;
      server_time: number;
    };
    Resume: { session_id: string; last_seq: number };
    Action:
      | { do: 'start' }
      | { do: 'pause' }
      | { do: 'continue' }
      | { do: 'end' }
      | { do: 'call_on_stage'; participant?: string | null }
      | { do: 'mute'; participant: string; muted: boolean }
      | { do: 'set_recording'; on: boolean }
      | { do: 'raise_hand'; raised: boolean }
      | { do: 'expel'; participant: string }
      | { do: 'refresh_media' };
    PageMessage:
      | { type: 'hello'; credential: string; resume?: components['schemas']['Resume'] | null }
      | { type: 'request'; id: number; action: components['schemas']['Action'] }
      | { type: 'ping' };
    ServerMessage:
      | ({ type: 'welcome' } & components['schemas']['Welcome'])
      | { type: 'lesson'; lesson: components['schemas']['LessonView'] }
      | { type: 'media'; media: components['schemas']['MediaGrant'] }
      | {
          type: 'assigned';
          lesson?: components['schemas']['LessonView'] | null;
          you?: string | null;
          media?: components['schemas']['MediaGrant'] | null;
        }
      | { type: 'ack'; id: number }
      | { type: 'refused'; id: number; problem: components['schemas']['Problem'] }
      | { type: 'pong' };
    Numbered: { seq: number } & components['schemas']['ServerMessage'];
  };
}
