import {
  add,
  and,
  block,
  type Callable,
  type Code,
  differs,
  equal,
  floatOfUnsigned,
  type Global,
  giveBack,
  goto,
  gotoWhen,
  isAbove,
  isAtLeast,
  isBelow,
  isLess,
  isMore,
  Label,
  Local,
  load8,
  load32,
  loadSigned8,
  loop,
  type ModuleCode,
  or,
  remainderUnsigned,
  set,
  shiftLeft,
  shiftRight,
  store32,
  storeFloat,
  subtract,
  when,
  xor,
} from '../wasm-code.ts';
import { element, elementFormats, isRead, shortestValues, tlv } from './bssmap-elements.ts';
import { highBits, mandatoryHigh, mandatoryLow } from './bssmap-mandatory.ts';
import { bssmap } from './bssmap-tables.ts';
import { protocol, rr } from './dtap-tables.ts';
import { dtapCode } from './ordinary-dtap.ts';
import { type Elements, elementCode, failUnless, failWhen, load16Big, load32Big } from './ordinary-elements.ts';
import type { Groups } from './ordinary-groups.ts';
import type { OrdinaryMemory } from './ordinary-memory.ts';
import { recipeBit } from './ordinary-recipes.ts';

/**
 * BSSMAP and DTAP of ordinary messages in WebAssembly: what `bssmap.ts`, `dtap.ts`, `mobility-management.ts`,
 * `call-control.ts` and `elements.ts` read, of messages that have nothing out of the ordinary. All functions give back
 * 1, or 0 where a message differs in anything: then those files are to say what it is.
 */
export interface Bssap {
  /** A BSSMAP message in `start..end`. */
  readonly bssmap: Callable;
  /** A layer 3 message in `start..end`. */
  readonly dtap: Callable;
  /**
   * Types of the message as its record has them (`message-record.ts`): that of BSSMAP plus one from bit 9 on, that of
   * DTAP plus one from bit 18, the protocol discriminator plus one from bit 27.
   */
  readonly types: Global;
  readonly transaction: Global;
}

export function bssapCode(module: ModuleCode, memory: OrdinaryMemory, groups: Groups, plmnOf: Callable): Bssap {
  const types = module.global();
  const transaction = module.global();
  const readers = elementCode(module, groups, plmnOf);
  const dtap = dtapCode(module, memory, groups, readers, { types, transaction });
  return { types, transaction, dtap, bssmap: bssmapCode(module, memory, groups, readers, { types, dtap }) };
}

/** BSSMAP messages that are left to `bssmap.ts`: they name a target cell. */
const withTarget: number[] = [bssmap['HANDOVER REQUEST'], bssmap['HANDOVER REQUIRED']];
/** Octets of a listed cell by its discriminator, one digit each from the last on, of those that name cells. */
const listedCellLengths = 0x025_0247;
const listedDiscriminators = 0b11_0111;
const wholeCellIdentity = 8;

/** A BSSMAP message, 3GPP TS 48.008 §3.2.1: the walk of `decodeBssmap` over the same tables. */
function bssmapCode(
  module: ModuleCode,
  memory: OrdinaryMemory,
  groups: Groups,
  elements: Elements,
  { types, dtap }: { types: Global; dtap: Callable },
): Callable {
  const tables = memory.words(1024);
  const octets = new Uint8Array(tables.buffer, tables.byteOffset, tables.byteLength);
  for (const type of Object.values(bssmap)) octets[type] = withTarget.includes(type) ? 0 : 1;
  octets.set(elementFormats, 256);
  octets.set(shortestValues, 512);
  const known = tables.byteOffset;
  const formats = known + 256;
  const shortest = known + 512;
  const tableOf = (values: Int32Array): number => {
    const words = memory.words(256);
    words.set(values);
    return words.byteOffset;
  };
  const bits = tableOf(highBits);
  const mustLow = tableOf(mandatoryLow);
  const mustHigh = tableOf(mandatoryHigh);

  const at = new Local();
  const end = new Local();
  const type = new Local();
  const id = new Local();
  const format = new Local();
  const value = new Local();
  const length = new Local();
  const low = new Local();
  const high = new Local();
  const seen = new Local();
  const each = new Local();
  const walk = new Label();
  const walked = new Label();
  const read = new Label();
  const { place, cells, detail, identity } = groups;
  /** What is done where the element is this one. */
  const of = (wanted: number, ...code: Code[]): Code => when(equal(id, wanted), ...code, goto(read));
  const isType = (name: keyof typeof bssmap): Code => equal(type, bssmap[name]);
  const mobileIdentity = failUnless(elements.identity(value, at));

  return module.defined(
    null,
    [at, end],
    failUnless(isLess(at, end)),
    set(type, load8(at, 0)),
    failUnless(load8(type, known)),
    set(types, or(types, shiftLeft(add(type, 1), 9))),
    set(at, add(at, 1)),
    set(low, 0),
    set(high, 0),
    block(
      walked,
      loop(
        walk,
        gotoWhen(isAtLeast(at, end), walked),
        set(id, load8(at, 0)),
        set(format, loadSigned8(id, formats)),
        set(seen, low),
        when(isBelow(id, 32), set(low, or(low, shiftLeft(1, id)))),
        set(high, or(high, load32(shiftLeft(id, 2), bits))),
        // An element of fixed length: those that are read are carried no further (`carriedParts`).
        when(
          isMore(format, -1),
          set(at, add(add(at, 1), and(format, isRead - 1))),
          failWhen(isAbove(at, end)),
          goto(walk),
        ),
        failUnless(equal(format, tlv)),
        failWhen(isAbove(add(at, 2), end)),
        set(length, load8(at, 1)),
        set(value, add(at, 2)),
        set(at, add(value, length)),
        failWhen(isAbove(at, end)),
        failWhen(isBelow(length, load8(id, shortest))),
        // The first of each counts.
        when(and(isBelow(id, 32), equal(seen, low)), goto(walk)),
        block(
          read,
          of(
            element.cause,
            failWhen(and(load8(value, 0), 0x80)),
            groups.touchDetail(),
            store32(detail, 0, load8(value, 0)),
          ),
          of(
            element.cellIdentifier,
            // A whole CGI.
            failWhen(or(and(load8(value, 0), 0x0f), differs(length, wholeCellIdentity))),
            groups.touchPlace(),
            store32(place, 0, elements.plmn(add(value, 1))),
            store32(place, 4, load16Big(value, 4)),
            store32(place, 8, load16Big(value, 6)),
          ),
          of(element.imsi, mobileIdentity),
          of(element.mobileIdentity, mobileIdentity),
          of(element.imei, mobileIdentity),
          of(
            element.tmsi,
            failUnless(equal(length, 4)),
            groups.touchIdentity(),
            storeFloat(identity, 8, floatOfUnsigned(load32Big(value, 0))),
          ),
          of(element.layer3Information, when(isType('COMPLETE LAYER 3 INFORMATION'), failUnless(dtap(value, at)))),
          of(
            element.layer3MessageContents,
            when(
              isType('CIPHER MODE COMPLETE'),
              when(
                isMore(length, 1),
                when(
                  and(
                    equal(and(load8(value, 0), 0x0f), protocol.RR),
                    equal(load8(value, 1), rr['CIPHERING MODE COMPLETE']),
                  ),
                  failUnless(elements.optional(add(value, 2), at, recipeBit.identityBehind)),
                ),
              ),
            ),
          ),
          of(
            element.cellIdentifierList,
            set(id, and(load8(value, 0), 0x0f)),
            failUnless(and(shiftRight(listedDiscriminators, id), isBelow(id, 6))),
            set(each, and(shiftRight(listedCellLengths, shiftLeft(id, 2)), 0x0f)),
            failWhen(or(equal(length, 1), remainderUnsigned(subtract(length, 1), each))),
            groups.touchCells(),
            store32(cells, 16, id),
          ),
        ),
        goto(walk),
      ),
    ),
    failWhen(and(load32(shiftLeft(type, 2), mustLow), xor(low, -1))),
    failWhen(and(load32(shiftLeft(type, 2), mustHigh), xor(high, -1))),
    giveBack(1),
    giveBack(0),
  );
}
