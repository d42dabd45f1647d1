import { bssmap, cc, cp, discriminator, mm } from './message-types.ts';

/** What a message of DATA FORM 1 does to its connection; `unknown`: more than the kernel knows of. */
export const effect = {
  unknown: 0,
  /** At most it tells an IMSI, which is the one that is known. */
  identifies: 1,
  settles: 2,
  clears: 3,
  /** Of mobility management: the phone is heard, no more. */
  heard: 4,
  /** Of a transaction, and what it does to its procedure besides. */
  transaction: 16,
  answers: 1,
  releases: 2,
  finishes: 4,
  finishesRelayed: 8,
} as const;

/** Effects stand by type plus one: of BSSMAP, then in areas of their own those of three protocols of layer 3. */
export const areaShift = 9;
const areas = [discriminator.mobilityManagement, discriminator.callControl, discriminator.sms];
/** Behind them, by protocol discriminator plus one, the number of its area. */
export const areaNumbers = (1 + areas.length) << areaShift;
export const effectBytes = areaNumbers + 32;

/** Fills the table of effects, which is {@link effectBytes} long. */
export function fillEffects(table: Uint8Array): void {
  const { transaction } = effect;
  areas.forEach((protocol, n) => {
    table[areaNumbers + protocol + 1] = n + 1;
  });
  const put = (area: number, what: number, types: readonly number[]) => {
    for (const type of types) table[(area << areaShift) + type + 1] = what;
  };
  put(0, effect.identifies, [bssmap.assignmentRequest, bssmap.assignmentComplete, bssmap.commonId]);
  put(0, effect.identifies, [bssmap.cipherModeCommand, bssmap.cipherModeComplete]);
  put(0, effect.settles, [bssmap.clearComplete]);
  put(0, effect.clears, [bssmap.clearCommand]);
  put(1, effect.heard, [mm.authenticationRequest, mm.authenticationResponse, mm.identityRequest]);
  put(1, effect.heard, [mm.tmsiReallocationComplete, mm.cmServiceAccept]);
  put(2, transaction, [cc.alerting, cc.callProceeding, cc.callConfirmed, cc.connectAcknowledge]);
  put(2, transaction | effect.answers, [cc.connect]);
  put(2, transaction | effect.releases, [cc.disconnect, cc.release]);
  put(2, transaction | effect.releases | effect.finishes, [cc.releaseComplete]);
  put(3, transaction | effect.finishesRelayed, [cp.ack]);
}
