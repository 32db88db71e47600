/**
 * Logarithms, exponentials, powers and angles that have the same bits on every engine.
 *
 * ECMAScript leaves the last bits of `Math.log`, `Math.exp`, `**` and their like to the engine, and engines differ: one
 * draw in ten of a power law was another on Node 24 than on Node 20, and one logarithm in fourteen in a browser. One bit
 * in one draw can let a request overtake another, so that the same seed would give another run. Sums, products, quotients
 * and `Math.sqrt` are exact by IEEE 754; everything here is made of them alone.
 *
 * Modelled: `log`, `log1p`, `exp`, `expm1`, `pow`; `sin`, `cos`, `tan` from 0 to π/2. The algorithms and constants are
 * fdlibm's, and the values those of Node 20, bit for bit.
 * Left out: all others; a test lets no model call them.
 *
 * The notice of fdlibm: Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a Sun
 * Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely granted, provided
 * that this notice is preserved.
 *
 * @see Ng, "fdlibm: Freely Distributable LIBM", Sun Microsystems, 1993 (netlib.org/fdlibm).
 */
export { exp, expm1 } from "./exp.js";
export { log, log1p } from "./log.js";
export { pow } from "./pow.js";
export { cos, sin, tan } from "./trigonometry.js";
