import { element, readElement, readInteger, readOutermost, readUnsigned } from './ber.ts';
import { DecodeError } from './decode-error.ts';
import { decodeMapParameter } from './map.ts';
import type { MapMessage } from './map-message.ts';
import type { DecodeState } from './state.ts';
import { readDialogue } from './tcap-dialogue.ts';
import {
  ansiTypes,
  componentType,
  componentTypeNames,
  errorNames,
  operationNames,
  tcapTag,
  tcapType,
  tcapTypeNames,
  tcapUser,
  tcapUserNames,
  userOfSubsystem,
} from './tcap-tables.ts';

const tagInteger = 0x02;
const tagNull = 0x05;
const tagOid = 0x06;
const tagSequence = 0x30;
const tagLinkedId = 0x80;

const ansiName = 'ANSI TCAP';
const unknownUserName = 'TCAP user without application context';
const typeNames = Array.from({ length: 256 }, (_, tag) => `TCAP message type ${tag}`);
const elementNames = Array.from({ length: 256 }, (_, tag) => `TCAP element ${tag}`);
/** Names of components that are named and not read, by their user. */
const foreignNames = tcapUserNames.map((user, code) => ({
  operations: operationNames[code].map((name, operation) => `${user} ${name ?? `operation ${operation}`}`),
  errors: errorNames[code].map((name, error) => `${user} ${name ?? `error ${error}`}`),
  components: componentTypeNames.map((name) => `${user} ${name}`),
  privateOperation: `${user} private operation`,
  privateError: `${user} private error`,
}));
const componentNames = Array.from({ length: 256 }, (_, tag) => `TCAP component ${tag}`);

/**
 * A TCAP message, ITU-T Q.773 §4: user data of an SCCP message whose addresses stand in `state.message`. Gives each
 * component to the sink, or the message once where it has none, with `state.deliverable` set back: so who calls this
 * may deliver the SCCP message alone when nothing came of it. A flaw ends the message; the components before it were
 * given, and the broken one (or the message) with what could be read of it: Q.774 §3.2.2.2 discards what stands behind.
 */
export function decodeTcap(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  state.stats.layers.tcap++;
  const { component } = state;
  component.reset();
  const isCut = readOutermost('tcap', bytes, start, end);
  const { tag, next } = element;
  const type = tag & 0x1f;
  if (tag < 0x60 || tag > 0x67 || tcapTypeNames[type] === undefined) {
    state.stats.unhandledAs(ansiTypes.has(tag) ? ansiName : (typeNames[tag] ?? typeNames[0x1f]));
    return;
  }
  component.tcapType = type;
  state.stats.tcap[type]++;
  try {
    readTransaction(state, bytes, element.start, element.end);
  } catch (flaw) {
    deliver(state);
    throw flaw;
  }
  if (componentsStart < 0 || componentsStart >= componentsEnd) deliver(state);
  else decodeComponents(state, bytes, componentsStart, componentsEnd);
  // It says to be longer than what carries it, or what stands behind it belongs to nobody.
  if (isCut || next < end) throw new DecodeError('tcap', 'BAD_LENGTH', isCut ? start : next);
}

/** The component portion of the message that {@link readTransaction} read last; -1 where it has none. */
let componentsStart = -1;
let componentsEnd = -1;

/** Transaction and dialogue portion. Q.773 §4.2.1, §4.2.3. */
function readTransaction(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  const { component } = state;
  componentsStart = -1;
  for (let at = start; at < end; ) {
    const inner = readElement('tcap', bytes, at, end);
    at = element.next;
    if (inner === tcapTag.components) {
      componentsStart = element.start;
      componentsEnd = element.end;
    } else readTransactionElement(state, bytes);
  }
  checkTransaction(component, end);
  if (component.user < 0) findUserBySubsystem(state);
}

/** The element of the transaction portion that was read last. Q.773 §4.2.1. */
function readTransactionElement(state: DecodeState, bytes: Uint8Array): void {
  const { component } = state;
  const { tag, start, end } = element;
  switch (tag) {
    case tcapTag.otid:
      component.otid = readUnsigned('tcap', bytes, start, end);
      component.otidLength = end - start;
      return;
    case tcapTag.dtid:
      component.dtid = readUnsigned('tcap', bytes, start, end);
      component.dtidLength = end - start;
      return;
    case tcapTag.abortCause:
      component.abortCause = readInteger('tcap', bytes, start, end);
      return;
    case tcapTag.dialogue:
      if (start < end) readDialogue(component, bytes, start, end);
      return;
    default:
      state.stats.unhandledAs(elementNames[tag] ?? elementNames[0x1f]);
  }
}

/** Which transaction identities a message type must have. Q.773 §4.1. */
function checkTransaction(component: MapMessage, end: number): void {
  const { tcapType: type } = component;
  const needsOriginating = type === tcapType.Begin || type === tcapType.Continue;
  const needsDestination = type === tcapType.End || type === tcapType.Continue || type === tcapType.Abort;
  if ((needsOriginating && component.otid < 0) || (needsDestination && component.dtid < 0)) {
    throw new DecodeError('tcap', 'MISSING_ELEMENT', end);
  }
}

/** Later messages of a dialogue, and all of MAP version 1, have no application context. 3GPP TS 29.002 §5.1. */
function findUserBySubsystem(state: DecodeState): void {
  const { component, message } = state;
  const called = userOfSubsystem(message.calledSsn);
  const calling = userOfSubsystem(message.callingSsn);
  // The gsmSSF of a VMSC may call itself MSC: CAP's own number on either side decides.
  component.user = called === tcapUser.cap || calling === tcapUser.cap ? tcapUser.cap : Math.max(called, calling);
}

function deliver(state: DecodeState): void {
  const { sink } = state;
  if (sink.map === undefined) return;
  state.deliverable = false;
  state.stats.messages++;
  sink.map(state.message, state.component);
}

/** The component portion: every component to the sink. Q.773 §4.2.2. */
function decodeComponents(state: DecodeState, bytes: Uint8Array, start: number, end: number): void {
  const { component, stats } = state;
  const { user } = component;
  const isNamed = user === tcapUser.cap || user === tcapUser.inap;
  if (user !== tcapUser.map && !isNamed) stats.unhandledAs(user < 0 ? unknownUserName : tcapUserNames[user]);
  let index = 0;
  for (let at = start; at < end; index++) {
    const tag = readElement('tcap', bytes, at, end);
    at = element.next;
    const type = tag & 0x1f;
    component.resetComponent();
    component.componentIndex = index;
    if (tag < 0xa1 || tag > 0xa7 || componentTypeNames[type] === undefined) {
      stats.unhandledAs(componentNames[tag] ?? componentNames[0x1f]);
      continue;
    }
    component.componentType = type;
    try {
      decodeComponent(state, type, bytes, element.start, element.end);
      if (isNamed) stats.unhandledAs(nameOfComponent(component));
    } finally {
      deliver(state);
    }
  }
}

/** What a component of CAP or INAP is called: by its operation or error, else by its kind. */
function nameOfComponent({ user, componentType: type, operation, error }: MapMessage): string {
  const names = foreignNames[user];
  if (error >= 0) return names.errors[error] ?? names.privateError;
  if (operation >= 0) return names.operations[operation] ?? names.privateOperation;
  return names.components[type];
}

function decodeComponent(state: DecodeState, type: number, bytes: Uint8Array, start: number, end: number): void {
  const { component } = state;
  const identity = mandatory(bytes, start, end);
  if (identity === tagInteger) component.invokeId = readInvokeId(bytes);
  // A reject of what could not be read has no invoke identity. Q.773 §4.2.2.2.
  else if (identity !== tagNull || type !== componentType.reject) {
    throw new DecodeError('tcap', 'MISSING_ELEMENT', start);
  }
  const at = element.next;
  switch (type) {
    case componentType.invoke:
      if (mandatory(bytes, at, end) === tagLinkedId) {
        component.linkedId = readInvokeId(bytes);
        mandatory(bytes, element.next, end);
      }
      component.operation = readCode(bytes);
      readParameter(state, bytes, element.next, end);
      return;
    case componentType.returnResultLast:
    case componentType.returnResultNotLast: {
      if (at >= end) return;
      if (mandatory(bytes, at, end) !== tagSequence) throw new DecodeError('tcap', 'MISSING_ELEMENT', at);
      const resultEnd = element.end;
      mandatory(bytes, element.start, resultEnd);
      component.operation = readCode(bytes);
      readParameter(state, bytes, element.next, resultEnd);
      return;
    }
    case componentType.returnError:
      mandatory(bytes, at, end);
      component.error = readCode(bytes);
      readParameter(state, bytes, element.next, end);
      return;
    default: {
      const problem = mandatory(bytes, at, end);
      if (problem < 0x80 || problem > 0x83) throw new DecodeError('tcap', 'MISSING_ELEMENT', at);
      component.problemType = problem & 0x03;
      component.problem = readInteger('tcap', bytes, element.start, element.end);
    }
  }
}

/** Reads the element that must stand at `at`; its tag. */
function mandatory(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw new DecodeError('tcap', 'MISSING_ELEMENT', at);
  return readElement('tcap', bytes, at, end);
}

/** Invoke and linked identities have one octet. Q.773 §4.2.2.2. */
function readInvokeId(bytes: Uint8Array): number {
  if (element.end - element.start !== 1) throw new DecodeError('tcap', 'BAD_LENGTH', element.start);
  return bytes[element.start];
}

/** A local operation or error code; a global one (object identifier) is none of MAP's: -1. Q.773 §4.2.2.3. */
function readCode(bytes: Uint8Array): number {
  const { tag, start, end } = element;
  if (tag === tagOid) return -1;
  if (tag !== tagInteger) throw new DecodeError('tcap', 'MISSING_ELEMENT', start);
  return readInteger('tcap', bytes, start, end);
}

function readParameter(state: DecodeState, bytes: Uint8Array, at: number, end: number): void {
  if (state.component.user === tcapUser.map) decodeMapParameter(state, bytes, at, end);
}
