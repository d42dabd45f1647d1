import { type TrafficClass, trafficClasses } from '../../shared/traffic.ts';
import { type EventKind, eventKinds, outcomes } from '../events/kinds.ts';

export const classCount = trafficClasses.length;
export const outcomeCount = outcomes.length;
/** Counters of an area: classes × outcomes. */
export const trafficWidth = classCount * outcomeCount;

const classNames: Partial<Record<EventKind, TrafficClass>> = {
  'location update': 'location updates',
  'imsi attach': 'location updates',
  'periodic update': 'location updates',
  'mo call': 'mo calls',
  'mt call': 'mt calls',
  'emergency call': 'emergency calls',
  'mo sms': 'mo sms',
  'mt sms': 'mt sms',
  'supplementary service': 'supplementary services',
  handover: 'handovers',
  detach: 'detaches',
  data: 'data',
};
/** Place in `trafficClasses` by event kind, as the database's aggregates have them (sql/003). */
export const classOf = Uint8Array.from(eventKinds, (kind) => trafficClasses.indexOf(classNames[kind] ?? 'others'));

/** By event kind: the counter of its class and the first outcome. */
export const columnsOfKind = classOf.map((class_) => class_ * outcomeCount);
