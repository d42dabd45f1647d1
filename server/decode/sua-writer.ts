import { DecodeError } from './decode-error.ts';
import { sccp, sccpParameter } from './sccp-tables.ts';
import { writeSccpAddress } from './sua-address.ts';
import { type SuaParameter, type SuaParameters, suaParameter } from './sua-parameters.ts';

/** Data that fits behind a length of one octet, and the most that LUDT carries. ITU-T Q.713 §4.10, §4.20. */
const shortDataMax = 255;
const longDataMax = 3952;
/**
 * Data of a segment that XUDT carries whatever the addresses: its pointer to the optional part, of one octet, passes
 * over itself, two addresses of at most 24 octets with their length, the data and its length. ITU-T Q.713 §4.18.
 */
const shortSegmentMax = 255 - 1 - 2 * 24 - 1;
/** Where a CR has the pointer to its optional part. ITU-T Q.713 §4.2. */
const crOptionalPointer = 6;

/**
 * References of SUA have 32 bits, those of SCCP 24. Gateways keep those of SCCP; of a wider one this makes 24 bits, the
 * same in each message of its connection.
 */
function narrow(reference: number): number {
  return reference <= 0xff_ffff ? reference : Math.imul(reference, 0x9e3779b1) >>> 8;
}

/**
 * Writes the SCCP message (ITU-T Q.713 §4) that a SUA message stands for into a buffer of its own: CLDT with more data
 * than UDT can carry becomes LUDT, a segment of several XUDT, or LUDT where its data is too long for that, and a long
 * CODT a row of DT1 with more-data.
 */
export class SccpWriter {
  bytes: Uint8Array = new Uint8Array(longDataMax + 1024);
  length = 0;
  /** Whether data was left out because no SCCP message of this type has room for it. */
  tooLong = false;
  #type = 0;
  #from: SuaParameters | null = null;
  /** Data of a CODT that was written; -1 once all of the message was. */
  #written = -1;

  begin(type: number, from: SuaParameters): void {
    this.#type = type;
    this.#from = from;
    this.#written = 0;
    this.tooLong = false;
  }

  /** Writes the next message; false where there is none any more. */
  next(): boolean {
    const from = this.#from;
    if (this.#written < 0 || from === null) return false;
    this.length = 0;
    if (this.#type === sccp.DT1) {
      this.#dataForm1(from);
      return true;
    }
    this.#written = -1;
    if (this.#type !== sccp.UDT && this.#type !== sccp.UDTS) this.#connectionOriented(from);
    else if (from.length(suaParameter.data) > longDataMax) this.tooLong = true;
    else this.#connectionless(from);
    return this.length > 0;
  }

  #connectionless(from: SuaParameters): void {
    const size = from.length(suaParameter.data);
    const segmented = from.has(suaParameter.segmentation);
    const long = size > (segmented ? shortSegmentMax : shortDataMax);
    const service = this.#type === sccp.UDTS;
    const extended = segmented ? sccp.XUDT : sccp.UDT;
    const returned = segmented ? sccp.XUDTS : sccp.UDTS;
    this.#u8(long ? (service ? sccp.LUDTS : sccp.LUDT) : service ? returned : extended);
    this.#u8(service ? this.#cause(from) : from.octet(suaParameter.protocolClass, 3, 0));
    if (long || segmented) this.#u8(15); // hop counter: SUA counts elsewhere
    const pointers = this.length;
    const octets = long ? 2 : 1;
    this.length += (long || segmented ? 4 : 3) * octets;
    // Stays so where there is no optional part. ITU-T Q.713 §2.3.
    this.bytes.fill(0, pointers, this.length);
    this.#pointTo(pointers, octets);
    this.#address(from, suaParameter.destinationAddress);
    this.#pointTo(pointers + octets, octets);
    this.#address(from, suaParameter.sourceAddress);
    this.#pointTo(pointers + 2 * octets, octets);
    this.#u8(size & 0xff);
    if (long) this.#u8(size >> 8);
    this.#copy(from, suaParameter.data, 0, size);
    if (!segmented) return;
    this.#pointTo(pointers + 3 * octets, octets);
    const first = from.octet(suaParameter.segmentation, 0, 0);
    this.#u8(sccpParameter.segmentation);
    this.#u8(4);
    this.#u8((first & 0x80) | Math.min(first & 0x7f, 15));
    for (let i = 1; i <= 3; i++) this.#u8(from.octet(suaParameter.segmentation, i, 0));
    this.#u8(sccpParameter.endOfOptionalParameters);
  }

  #connectionOriented(from: SuaParameters): void {
    const type = this.#type;
    this.#u8(type);
    // Order of the mandatory fixed part: ITU-T Q.713 §4.2 to §4.16.
    if (type !== sccp.CR) this.#reference(from, suaParameter.destinationReference);
    if (type !== sccp.CREF && type !== sccp.AK && type !== sccp.ERR) {
      this.#reference(from, suaParameter.sourceReference);
    }
    switch (type) {
      case sccp.CR:
        this.#u8(from.octet(suaParameter.protocolClass, 3, 2));
        this.length += 2;
        this.#pointTo(this.length - 2, 1);
        this.#address(from, suaParameter.destinationAddress);
        this.#optionalPart(from, crOptionalPointer);
        return;
      case sccp.CC:
        this.#u8(from.octet(suaParameter.protocolClass, 3, 2));
        this.length++;
        this.#optionalPart(from, this.length - 1);
        return;
      case sccp.CREF:
      case sccp.RLSD:
        this.#u8(this.#cause(from));
        this.length++;
        this.#optionalPart(from, this.length - 1);
        return;
      case sccp.RSR:
      case sccp.ERR:
        this.#u8(this.#cause(from));
        return;
      case sccp.AK:
        this.#u8(from.octet(suaParameter.receiveSequenceNumber, 3, 0));
        this.#u8(from.octet(suaParameter.credit, 3, 0));
        return;
      case sccp.IT:
        this.#u8(from.octet(suaParameter.protocolClass, 3, 2));
        this.#u8(from.octet(suaParameter.sequenceNumber, 3, 0));
        this.#u8(from.octet(suaParameter.sequenceNumber, 2, 0));
        this.#u8(from.octet(suaParameter.credit, 3, 0));
        return;
    }
  }

  #dataForm1(from: SuaParameters): void {
    const size = from.length(suaParameter.data);
    if (!from.has(suaParameter.data)) this.#missing();
    const n = Math.min(size - this.#written, shortDataMax);
    const isLast = this.#written + n === size;
    const more = isLast ? from.octet(suaParameter.sequenceNumber, 2, 0) & 1 : 1;
    this.#u8(sccp.DT1);
    this.#reference(from, suaParameter.destinationReference);
    this.#u8(more);
    this.#u8(1);
    this.#u8(n);
    this.#copy(from, suaParameter.data, this.#written, n);
    this.#written = isLast ? -1 : this.#written + n;
  }

  /** @param pointer where the pointer to it stands */
  #optionalPart(from: SuaParameters, pointer: number): void {
    this.#pointTo(pointer, 1);
    if (this.#type === sccp.CR && from.has(suaParameter.sourceAddress)) {
      this.#u8(sccpParameter.callingPartyAddress);
      this.#address(from, suaParameter.sourceAddress);
    }
    const size = from.length(suaParameter.data);
    if (size > shortDataMax) this.tooLong = true;
    else if (size > 0) {
      this.#u8(sccpParameter.data);
      this.#u8(size);
      this.#copy(from, suaParameter.data, 0, size);
    }
    this.#u8(sccpParameter.endOfOptionalParameters);
  }

  /** Length and value; an absent address is one that tells nothing. */
  #address(from: SuaParameters, parameter: SuaParameter): void {
    if (!from.has(parameter)) {
      if (parameter === suaParameter.destinationAddress) this.#missing();
      this.#u8(1);
      this.#u8(0);
      return;
    }
    const at = this.length + 1;
    const n = writeSccpAddress(from.bytes, from.start(parameter), from.end(parameter), this.bytes, at);
    this.bytes[at - 1] = n;
    this.length = at + n;
  }

  /** Cause type and value stand behind two reserved octets. RFC 3868 §3.10.6. */
  #cause(from: SuaParameters): number {
    if (!from.has(suaParameter.cause)) this.#missing();
    return from.octet(suaParameter.cause, 3, 0);
  }

  #reference(from: SuaParameters, parameter: SuaParameter): void {
    const reference = narrow(from.reference(parameter));
    this.#u8(reference & 0xff);
    this.#u8((reference >> 8) & 0xff);
    this.#u8((reference >> 16) & 0xff);
  }

  /** Fills in the pointer at `pointer` to what is written next. Pointers of two octets count from their second one. */
  #pointTo(pointer: number, octets: number): void {
    const distance = this.length - pointer - (octets - 1);
    this.bytes[pointer] = distance & 0xff;
    if (octets === 2) this.bytes[pointer + 1] = distance >> 8;
  }

  #copy(from: SuaParameters, parameter: SuaParameter, offset: number, n: number): void {
    const start = from.start(parameter) + offset;
    for (let i = 0; i < n; i++) this.bytes[this.length + i] = from.bytes[start + i];
    this.length += n;
  }

  #u8(value: number): void {
    this.bytes[this.length++] = value;
  }

  #missing(): never {
    this.#written = -1;
    throw new DecodeError('sua', 'MISSING_ELEMENT', 0);
  }
}
