// The words of the protocol under short names. The shapes are generated from the server (schema.ts).
import type { components } from './schema';

type Schemas = components['schemas'];

export type Action = Schemas['Action'];
export type Chapter = Schemas['Chapter'];
export type DeviceView = Schemas['DeviceView'];
export type JobFailure = Schemas['JobFailure'];
export type JobView = Schemas['JobView'];
export type LessonAccess = Schemas['LessonAccess'];
export type LessonState = Schemas['LessonState'];
export type LessonView = Schemas['LessonView'];
export type LinkLevel = Schemas['LinkLevel'];
export type MediaGrant = Schemas['MediaGrant'];
export type Numbered = Schemas['Numbered'];
export type PageMessage = Schemas['PageMessage'];
export type Participant = Schemas['Participant'];
export type Problem = Schemas['Problem'];
export type RecordingAlarm = Schemas['RecordingAlarm'];
export type ResourceView = Schemas['ResourceView'];
export type Role = Schemas['Role'];
export type Source = Schemas['Source'];
export type VideoCodec = Schemas['VideoCodec'];
export type Welcome = Schemas['Welcome'];
export type NewLesson = Schemas['NewLesson'];
export type Paired = Schemas['Paired'];
export type SessionView = Schemas['SessionView'];
