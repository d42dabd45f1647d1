/**
 * WebAssembly written as nested calls: `set(sum, add(sum, load32(at, 4)))`. Nothing is hidden: a call is an instruction
 * of WebAssembly Core Specification 1.0 (§5.4, binary format) behind its operands, a {@link Local} or a number where an
 * operand stands is `local.get` or a constant. For loops that JavaScript's checks make several times as long.
 */
const i32 = 0x7f;
export const i64 = 0x7e;
export const f64 = 0x7c;
type Type = typeof i32 | typeof i64 | typeof f64;

/** A variable of a function; in which one is told by where it is used. */
export class Local {
  readonly type: Type;

  constructor(type: Type = i32) {
    this.type = type;
  }
}

/** A variable of a module, of 32 bits, 0 at the start. */
export class Global {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** What a branch leaves (a block) or goes back to (a loop). */
export class Label {}

/** Puts itself behind what a function holds so far. */
export type Code = (to: Body) => void;
/** A number is a constant of 32 bits, a bigint one of 64. */
export type Value = number | bigint | Local | Global | Code;

/** Octets of a function while it is put together, with the places of its locals and the depth of its labels. */
class Body {
  readonly bytes: number[] = [];
  readonly #parameters: readonly Local[];
  readonly #locals: Local[] = [];
  readonly #labels: Label[] = [];

  constructor(parameters: readonly Local[]) {
    this.#parameters = parameters;
  }

  value(value: Value): void {
    if (typeof value === 'function') value(this);
    else if (typeof value === 'number') this.bytes.push(0x41, ...signed(BigInt(value | 0)));
    else if (typeof value === 'bigint') this.bytes.push(0x42, ...signed(BigInt.asIntN(64, value)));
    else if (value instanceof Local) this.bytes.push(0x20, ...unsigned(this.indexOf(value)));
    else this.bytes.push(0x23, ...unsigned(value.index));
  }

  indexOf(local: Local): number {
    const parameter = this.#parameters.indexOf(local);
    if (parameter >= 0) return parameter;
    if (!this.#locals.includes(local)) this.#locals.push(local);
    return this.#parameters.length + this.#locals.indexOf(local);
  }

  /** A structured instruction (§5.4.1) around `body`. */
  within(opcode: number, label: Label, body: readonly Code[]): void {
    this.bytes.push(opcode, 0x40);
    this.#labels.push(label);
    for (const code of body) code(this);
    this.#labels.pop();
    this.bytes.push(0x0b);
  }

  /** How many structured instructions lie between here and a label. */
  depthOf(label: Label): number[] {
    return unsigned(this.#labels.length - 1 - this.#labels.lastIndexOf(label));
  }

  /** The function with its locals in front (§5.5.13). */
  finished(): number[] {
    const types = this.#locals.flatMap(({ type }) => [1, type]);
    return sized([...unsigned(this.#locals.length), ...types, ...this.bytes, 0x0b]);
  }
}

function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128 with a sign (§5.2.2). */
function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const last = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return last ? [low] : [low | 0x80, ...signed(rest)];
}

const sized = (content: readonly number[]): number[] => [...unsigned(content.length), ...content];

const unary =
  (opcode: number) =>
  (a: Value): Code =>
  (to) => {
    to.value(a);
    to.bytes.push(opcode);
  };

const binary =
  (opcode: number) =>
  (a: Value, b: Value): Code =>
  (to) => {
    to.value(a);
    to.value(b);
    to.bytes.push(opcode);
  };

const load =
  (opcode: number) =>
  (address: Value, offset: number): Code =>
  (to) => {
    to.value(address);
    to.bytes.push(opcode, 0, ...unsigned(offset));
  };

const store =
  (opcode: number) =>
  (address: Value, offset: number, value: Value): Code =>
  (to) => {
    to.value(address);
    to.value(value);
    to.bytes.push(opcode, 0, ...unsigned(offset));
  };

// Memory (§5.4.6), the least significant octet first, at any address.
export const load32 = load(0x28);
export const load64 = load(0x29);
export const loadFloat = load(0x2b);
export const loadSigned8 = load(0x2c);
export const load8 = load(0x2d);
export const load16 = load(0x2f);
export const store32 = store(0x36);
export const store64 = store(0x37);
export const storeFloat = store(0x39);
export const store8 = store(0x3a);

// Numbers of 32 bits (§5.4.7).
export const isZero = unary(0x45);
export const equal = binary(0x46);
export const differs = binary(0x47);
export const isLess = binary(0x48);
export const isBelow = binary(0x49);
export const isMore = binary(0x4a);
export const isAbove = binary(0x4b);
export const isAtLeast = binary(0x4f);
export const add = binary(0x6a);
export const subtract = binary(0x6b);
export const multiply = binary(0x6c);
export const divideUnsigned = binary(0x6e);
export const remainderUnsigned = binary(0x70);
export const and = binary(0x71);
export const or = binary(0x72);
export const xor = binary(0x73);
export const shiftLeft = binary(0x74);
export const shiftRightSigned = binary(0x75);
export const shiftRight = binary(0x76);
export const rotateLeft = binary(0x77);

// Numbers of 64 bits, and between the kinds.
export const equal64 = binary(0x51);
export const isZero64 = unary(0x50);
export const add64 = binary(0x7c);
export const multiply64 = binary(0x7e);
export const divide64 = binary(0x80);
export const remainder64 = binary(0x82);
export const and64 = binary(0x83);
export const or64 = binary(0x84);
export const shiftRight64 = binary(0x88);
export const wrap = unary(0xa7);
export const floatOfInteger64 = unary(0xb9);
export const floatOfUnsigned = unary(0xb8);
export const floatAdd = binary(0xa0);
export const floatMultiply = binary(0xa2);
export const floatSubtract = binary(0xa1);
export const floatDivide = binary(0xa3);
export const floatIsMore = binary(0x64);
export const floatIsAtLeast = binary(0x66);
export const floatMaximum = binary(0xa5);
/** Cut to 32 bits, signed and unsigned. */
export const truncate = unary(0xaa);
export const truncateUnsigned = unary(0xab);

/** A constant float64. */
export const float =
  (value: number): Code =>
  (to) => {
    to.bytes.push(0x44, ...new Uint8Array(Float64Array.of(value).buffer));
  };

/** `a` unless the condition is zero, then `b`; both are computed. */
export const select =
  (condition: Value, a: Value, b: Value): Code =>
  (to) => {
    to.value(a);
    to.value(b);
    to.value(condition);
    to.bytes.push(0x1b);
  };

export const set =
  (variable: Local | Global, value: Value): Code =>
  (to) => {
    to.value(value);
    if (variable instanceof Local) to.bytes.push(0x21, ...unsigned(to.indexOf(variable)));
    else to.bytes.push(0x24, ...unsigned(variable.index));
  };

// Control (§5.4.1).
export const block =
  (label: Label, ...body: Code[]): Code =>
  (to) =>
    to.within(0x02, label, body);

/** `goto(label)` inside goes back to its beginning; without, it is left at its end. */
export const loop =
  (label: Label, ...body: Code[]): Code =>
  (to) =>
    to.within(0x03, label, body);

export const when =
  (condition: Value, ...body: Code[]): Code =>
  (to) => {
    to.value(condition);
    to.within(0x04, new Label(), body);
  };

export const goto =
  (label: Label): Code =>
  (to) => {
    to.bytes.push(0x0c, ...to.depthOf(label));
  };

export const gotoWhen =
  (condition: Value, label: Label): Code =>
  (to) => {
    to.value(condition);
    to.bytes.push(0x0d, ...to.depthOf(label));
  };

/** Ends the function with a value. */
export const giveBack =
  (value: Value): Code =>
  (to) => {
    to.value(value);
    to.bytes.push(0x0f);
  };

/** A function of a module, to be called. */
export type Callable = (...operands: Value[]) => Code;

/** A module over the memory `owner.memory`, as it is put together: imports first, then functions. */
export class ModuleCode {
  readonly #imports: { name: string; parameters: number }[] = [];
  readonly #functions: { parameters: readonly Local[]; body: number[]; name: string | null }[] = [];
  #globals = 0;

  /** A function that the owner gives by this name, of 32-bit numbers, with a result. */
  imported(name: string, parameters: number): Callable {
    this.#imports.push({ name, parameters });
    return caller(this.#imports.length - 1);
  }

  /** A function with a result of 32 bits. @param name under which it is exported, null: not at all */
  defined(name: string | null, parameters: readonly Local[], ...code: Code[]): Callable {
    const body = new Body(parameters);
    for (const each of code) each(body);
    this.#functions.push({ parameters, body: body.finished(), name });
    return caller(this.#imports.length + this.#functions.length - 1);
  }

  global(): Global {
    return new Global(this.#globals++);
  }

  /** @param shared whether the memory is (threads proposal: with any maximum) */
  compile(shared = false): WebAssembly.Module {
    const imports = this.#imports;
    const functions = this.#functions;
    const text = (value: string): number[] => sized([...new TextEncoder().encode(value)]);
    const section = (id: number, items: readonly number[][]): number[] => [
      id,
      ...sized([...unsigned(items.length), ...items.flat()]),
    ];
    const type = (parameters: readonly Type[]): number[] => [0x60, ...sized(parameters), 1, i32];
    const exports = functions.flatMap(({ name }, i) => (name === null ? [] : [{ name, index: imports.length + i }]));
    return new WebAssembly.Module(
      Uint8Array.from([
        ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        ...section(1, [
          ...imports.map(({ parameters }) => type(new Array(parameters).fill(i32))),
          ...functions.map(({ parameters }) => type(parameters.map((local) => local.type))),
        ]),
        ...section(2, [
          [...text('owner'), ...text('memory'), 0x02, ...(shared ? [0x03, 0, ...unsigned(65_536)] : [0x00, 0])],
          ...imports.map(({ name }, i) => [...text('owner'), ...text(name), 0x00, ...unsigned(i)]),
        ]),
        ...section(
          3,
          functions.map((_, i) => unsigned(imports.length + i)),
        ),
        ...section(
          6,
          Array.from({ length: this.#globals }, () => [i32, 1, 0x41, 0, 0x0b]),
        ),
        ...section(
          7,
          exports.map(({ name, index }) => [...text(name), 0x00, ...unsigned(index)]),
        ),
        ...section(
          10,
          functions.map(({ body }) => body),
        ),
      ]),
    );
  }
}

const caller =
  (index: number): Callable =>
  (...operands) =>
  (to) => {
    for (const operand of operands) to.value(operand);
    to.bytes.push(0x10, ...unsigned(index));
  };
