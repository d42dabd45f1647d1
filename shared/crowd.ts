/** Roles of a subscriber in a region, DESIGN §2; `undetermined` before there is history enough. */
export const crowdRoles = ['residents', 'workers', 'visitors', 'passersBy', 'undetermined'] as const;
export type CrowdRole = (typeof crowdRoles)[number];

/**
 * Who is in a region: counted from stays in the database, one region after the other, so it is older than the other
 * figures and says of when it is. Figures may be `hiddenCount`.
 */
export interface CrowdRow {
  /** Place in the layout. */
  region: number;
  /** Full minute of event time just before which the crowd was counted, µs. */
  atUs: number;
  /** Present without residents and workers; null: roles are undetermined, or it is not known. */
  crowd: number | null;
  /** Subscribers whose stays there ended on the local day of `atUs`, by role; null: none did, or it is not known. */
  roles: Record<CrowdRole, number> | null;
}
