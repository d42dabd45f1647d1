/** How full the engine's bounded parts are, and what they have refused. */
export interface EngineLimits {
  readonly subscribers: number;
  readonly subscribersMax: number;
  /** Sightings of new subscribers refused because the table was full. */
  readonly subscribersRefused: number;
  readonly crossings: number;
  /** Crossings counted before their holdDown was over because the trail was full. */
  readonly crossingsForced: number;
  /** Of the presence table (records, slots, lists of expiry), and of the crossing trail. */
  readonly subscriberBytes: number;
  readonly crossingBytes: number;
  /** Of stays in regions that last or whose end may yet be undone, and of exits that may begin a trip. */
  readonly stayBytes: number;
}
