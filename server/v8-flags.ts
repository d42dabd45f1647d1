import { setFlagsFromString } from 'node:v8';

/**
 * Decoding is many small functions, each near the next in the call tree. V8's own budgets stop inlining half-way
 * through a frame, and leave the larger ones (a message's elements, its record) as calls; larger budgets save a quarter
 * of the time a frame costs. Holds for all threads of the process, for functions that are optimised from now on: so
 * this module is imported before all others.
 */
setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
setFlagsFromString('--max-inlined-bytecode-size=1000');

/**
 * The embedded database is 9 MB of WebAssembly, which V8 compiles on as many threads as it has, each with tens of MB that
 * the C library keeps for it afterwards: two save some 90 MB, and the start takes no longer.
 */
setFlagsFromString('--wasm-num-compilation-tasks=2');

/**
 * Of those 9 MB a start runs each function a few times: at V8's own budget it would compile thousands of them a second
 * time, for as long again as the start takes. What is hot is still compiled within milliseconds.
 */
setFlagsFromString('--wasm-tiering-budget=20000000');
