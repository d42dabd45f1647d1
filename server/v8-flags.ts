import { setFlagsFromString } from 'node:v8';

/**
 * Decoding is many small functions, each near the next in the call tree. V8's own budgets stop inlining half-way
 * through a frame, and leave the larger ones (a message's elements, its record) as calls; larger budgets save a quarter
 * of the time a frame costs. Holds for all threads of the process, for functions that are optimised from now on: so
 * this module is imported before all others.
 */
setFlagsFromString('--max-inlined-bytecode-size-cumulative=4000');
setFlagsFromString('--max-inlined-bytecode-size=1000');
