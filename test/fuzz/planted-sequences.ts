import type { Plant } from './build.ts';

/** A bug of the correlator as somebody might write it, or has written it, and by what it must be found. */
export interface PlantedSequenceBug {
  name: string;
  plants: readonly Plant[];
  found: RegExp;
}

const bug = (name: string, found: RegExp, ...plants: [file: string, find: string, replace: string][]) => ({
  name,
  found,
  plants: plants.map(([file, find, replace]) => ({ file: `server/correlate/${file}`, find, replace })),
});

export const plantedSequenceBugs: readonly PlantedSequenceBug[] = [
  bug(
    'a stray HANDOVER REQUEST leads the joiner into a circle',
    /more than \d+ steps|handovers are left/,
    [
      'handover-joiner.ts',
      'const key = this.#keys[at];\n    const target = this.#targets[at];\n    const before',
      'const form = formOf(c.targetLac(i), c.targetCi(i));\n    const key = scopeKey(c.scope(i), form);\n    const target = targetKey(form, c.targetLac(i), c.targetCi(i));\n    const before',
    ],
    [
      'handovers.ts',
      'joiner.forget(i);\n    c.unmark(i, flag.bssInitiated);\n    c.mark(i, flag.incoming | flag.handoverOpen);\n    c.setScope(i, scopeOf(m.opc, m.dpc, m.link));\n    c.setServingCell',
      'c.unmark(i, flag.bssInitiated);\n    c.mark(i, flag.incoming | flag.handoverOpen);\n    c.setScope(i, scopeOf(m.opc, m.dpc, m.link));\n    c.setServingCell',
    ],
  ),
  bug('all VLRs allot their TMSIs together', /another VLR|somebody else’s|nobody can know|proofs of place/, [
    'open-connections.ts',
    'c.setScope(i, scopeOf(m.dpc, m.opc, m.link));',
    'c.setScope(i, 0);',
  ]),
  bug('a late RELEASE COMPLETE ends the next connection of its reference', /proofs of place|nothing came out/, [
    'open-connections.ts',
    'c.responderReference(i) === none && sccpType !== sccp.releaseComplete;',
    'c.responderReference(i) === none;',
  ]),
  bug('a TMSI given to somebody unknown stays its former owner’s', /somebody else’s/, [
    'sightings.ts',
    'else directory.vacate(c.scope(i), tmsi);',
    '',
  ]),
  bug('an identity that shows late does not teach whose the TMSI was', /proofs of place/, [
    'sightings.ts',
    'else if (!byTmsi && c.is(i, flag.usedTmsi)) directory.learn(c.scope(i), c.usedTmsi(i), imsi);',
    '',
  ]),
  bug(
    'a connection begins with the subscriber of the one before in its record',
    /somebody else’s|another VLR|nobody or nowhere/,
    ['connection-records.ts', 'this.hotWide[(i >> 1) | 2] = -1;', ''],
  ),
  bug('the responder’s reference outlives its connection', /references of nobody|are left behind|proofs of place/, [
    'connections.ts',
    'this.#forget(i, side ^ 1, this.responderReference(i));',
    '',
  ]),
  bug('a connection that ends keeps its procedures', /more than \d+ steps|rows of one message|are left behind/, [
    'dialogues.ts',
    'procedures.remove(c, i, p);',
    '',
  ]),
  bug('a sighting may be nowhere', /nobody or nowhere/, [
    'row-writer.ts',
    'if (cell === unknownCell) this.cellUnknown++;\n    else this.#write',
    'this.#write',
  ]),
  bug('messages that come out of order give negative durations', /lasts longer/, [
    'row-writer.ts',
    'Math.max(0, Math.round((procedures.lastUs(p) - procedures.startUs(p)) / 1000))',
    'Math.round((procedures.lastUs(p) - procedures.startUs(p)) / 1000)',
  ]),
  bug('dialogues are opened over their limit', /too many open dialogues|TypeError|RangeError|steps/, [
    'core-network.ts',
    'if (t.full) this.#evict();',
    '',
  ]),
];
