// The functions of ieee.py and nary.py in JavaScript, where its Math has none or another.
// Each declaration stands between empty lines: a page carries those that its rules call.

const fabs = Math.abs;
const cos = Math.cos;
const exp = Math.exp;
const floor = Math.floor;
const log = Math.log;
const log1p = Math.log1p;
const sin = Math.sin;
const sqrt = Math.sqrt;
const tan = Math.tan;

const copysign = (x, y) => (y < 0 || Object.is(y, -0) ? -fabs(x) : fabs(x));

// JavaScript has NaN for 1 ** NaN and for (-1) ** Infinity.
function power(x, y) {
  if (y === 2) return x * x;
  return x === 1 || (x === -1 && fabs(y) === Infinity) ? 1 : x ** y;
}

const exp2 = (x) => power(2, x);

function cbrt(x) {
  const root = power(fabs(x), 1 / 3);
  if (root === 0 || !(root < Infinity)) return root === root ? copysign(root, x) : NaN;
  return copysign(root - (root - fabs(x) / root / root) / 3, x);
}

// What the squares, their sum and the root round off is put back by one step of Newton's.
function hypot(x, y) {
  const large = Math.max(fabs(x), fabs(y)), small = Math.min(fabs(x), fabs(y));
  if (fabs(x) === Infinity || fabs(y) === Infinity) return Infinity;
  if (!(small > 0) || large !== large) return large + small;
  const scale = large > 1e150 ? 2 ** -600 : large < 1e-130 ? 2 ** 600 : 1;
  const a = large * scale, b = small * scale, aa = a * a, bb = b * b, sum = aa + bb;
  const root = sqrt(sum), square = root * root;
  const left = product_error(a, a, aa) + product_error(b, b, bb) + (aa - sum + bb);
  return (root + (sum - square - product_error(root, root, square) + left) / (2 * root)) / scale;
}

const round_even = (x) =>
  fabs(x) < 2 ** 52 ? copysign(fabs(x) + 2 ** 52 - 2 ** 52, x) : x;

const fmod = (x, y) => x % y;

function floor_mod(x, y) {
  const left = x % y;
  if (left === 0) return copysign(left, y);
  return (left < 0) !== (y < 0) ? left + y : left;
}

function floor_divide(x, y) {
  if (y === 0) return x / y;
  const left = x % y;
  let quotient = (x - left) / y; // whole, but for rounding
  if (left !== 0 && (left < 0) !== (y < 0)) quotient -= 1;
  return quotient !== 0 ? round_even(quotient) : copysign(0, x / y);
}

function product_error(x, y, product) {
  const x_high = 134217729 * x - (134217729 * x - x); // 2**27 + 1: the upper half of the digits
  const y_high = 134217729 * y - (134217729 * y - y);
  const x_low = x - x_high, y_low = y - y_high;
  return x_high * y_high - product + x_high * y_low + x_low * y_high + x_low * y_low;
}

function gaussian(x, c) {
  const square = x * x, out = exp(-c * square);
  if (!(1 < square && square < 1600)) return out;
  return out - out * (c * product_error(x, x, square));
}

function normal_cdf(x) {
  const sqrt2 = 1.4142135623730951, sqrt2_low = -9.667293313452913e-17;
  const z = -x / sqrt2, out = erfc(z) / 2;
  if (!(0.5 < z && z < 28)) return out;
  const product = z * sqrt2;
  const left = -x - product - product_error(z, sqrt2, product) - z * sqrt2_low;
  return out - exp(-z * z) * (left / sqrt2) * 0.5641895835477563;
}

const times_sigmoid = (a, x) =>
  x < -700 ? a * exp(x / 2) * exp(x / 2) : a / (1 + exp(-x));

// erf(x) / x - 1 as a series of Taylor's in x * x.
const ERF = [
  0.1283791670955126, -0.37612638903183754, 0.11283791670955126, -0.026866170645131252,
  0.005223977625442188, -0.0008548327023450853, 0.00012055332981789664, -1.492565035840625e-05,
  1.6462114365889248e-06, -1.6365844691234924e-07, 1.4807192815879218e-08,
  -1.2290555301717928e-09, 9.422759064650411e-11, -6.7113668551641105e-12, 4.4632242632864775e-13,
  -2.7835162072109215e-14, 1.6342614095367152e-15, -9.063970842808673e-17, 4.763348040515068e-18,
  -2.3784598852774293e-19,
];

function erf(x) {
  if (fabs(x) >= 1) return copysign(1 - erfc(fabs(x)), x);
  if (x !== x || x === 0) return x;
  let sum = 0;
  for (let k = ERF.length; k--;) sum = sum * x * x + ERF[k];
  return x + x * sum;
}

// exp(x * x) * erfc(x) * (1 + 2 * x) as a series of Chebyshev's in (x - 3) / (x + 3).
const ERFC = [
  1.17756257419656, 0.005353904539615676, -0.09377550342284209, 0.05436652555744322,
  -0.018976596707845208, 0.004453426061462712, -0.0006335531710553147, 1.7661719523171593e-05,
  1.2841532864056671e-05, -2.0072285659059913e-06, -1.807522790414837e-07, 7.549828343825093e-08,
  1.885668523838603e-09, -2.699519049798364e-09, -1.460079119939105e-11, 1.0361607445969489e-10,
  1.475715976623473e-12, -4.277340064396911e-12, -2.07922492859799e-13, 1.8134502003176963e-13,
  1.973425574544739e-14, -7.287943737592673e-15, -1.5169878690228116e-15, 2.3514112258781403e-16,
  1.0006111691821667e-16, -2.0572528169538546e-18, -5.608608218863183e-18, -5.546884725994431e-19,
];

function erfc(x) {
  if (x < 0.5) return 1 - erf(x);
  if (x !== x) return x;
  if (x > 28) return 0;
  const t = (x - 3) / (x + 3);
  let one = 0, two = 0; // of the recurrence, which Clenshaw found
  for (let k = ERFC.length; --k;) [one, two] = [2 * t * one - two + ERFC[k], one];
  return gaussian(x, 1) * ((t * one - two + ERFC[0]) / (1 + 2 * x));
}

const within_a_turn = (x) => (fabs(x) < Infinity ? x - 2 * round_even(x / 2) : NaN);

function sinpi(x) {
  const turn = within_a_turn(x);
  return sin(Math.PI * (fabs(turn) <= 0.5 ? turn : copysign(1, turn) - turn));
}

const cospi = (x) => sin(Math.PI * (0.5 - fabs(within_a_turn(x))));

// (2 k + 1) (2 k - 1)! for k = 11, 10, ..., 1
const SINC = [
  1175091669949317120000, 2554547108585472000, 6758061133824000, 22230464256000, 93405312000,
  518918400, 3991680, 45360, 840, 30, 3,
];

function sinc_slope(x) {
  const angle = Math.PI * x, square = angle * angle;
  let total = 0;
  for (const divisor of SINC) total = 1 / divisor - square * total;
  return -Math.PI * angle * total;
}

function sinc_derivative(order, x) {
  const n = Math.trunc(order);
  if (fabs(x) < 1) {
    const first = floor((n + 1) / 2);
    let out = 0;
    let coefficient = (-1) ** first * Math.PI ** (2 * first) * (n % 2 ? x : 1);
    for (let k = first; k < first + 20 + n; k++) {
      out += coefficient / (2 * k + 1);
      coefficient *= -(Math.PI * x * (Math.PI * x)) / ((2 * k + 1 - n) * (2 * k + 2 - n));
    }
    return out;
  }
  const sine = sinpi(x), cosine = cospi(x), turned = [sine, cosine, -sine, -cosine];
  let out = sine / (Math.PI * x);
  for (let m = 1; m <= n; m++) out = (Math.PI ** (m - 1) * turned[m % 4] - m * out) / x;
  return out;
}

// Lanczos' approximation of gamma as CPython has it: two polynomials, for g = 6.0246...
const LANCZOS = [
  [
    23531376880.410759, 42919803642.649099, 35711959237.355668, 17921034426.037210,
    6039542586.3520280, 1439720407.3117217, 248874557.86205417, 31426415.585400194,
    2876370.6289353724, 186056.26539522350, 8071.6720023658162, 210.82427775157935,
    2.5066282746310002,
  ],
  [
    0, 39916800, 120543840, 150917976, 105258076, 45995730, 13339535, 2637558, 357423, 32670,
    1925, 66, 1,
  ],
];

// Math.log is wrong in its last bit now and then, and lgamma multiplies that.
function rounded_log(x) {
  const e = Math.round(Math.log2(x)), f = x / 2 ** e - 1, d = 2 + f, q = f / d, product = q * d;
  const q_low = (f - product - product_error(q, d, product) - q * (f - (d - 2))) / d;
  let series = 0; // log(1 + f) = 2 * (q + q**3 / 3 + q**5 / 5 + ...) of q = f / (2 + f)
  for (let k = 23; k > 1; k -= 2) series = q * q * (series + 1 / k);
  const low = 2 * (q * series + q_low) + e * 1.9082149292705877e-10;
  const large = e * 0.6931471803691238, sum = large + 2 * q; // both numbers together: log(2)
  return sum + (2 * q - (sum - large) + low);
}

function lgamma(x) {
  const size = fabs(x), g = 6.024680040776729583740234375;
  if (x !== x) return x;
  if (size === Infinity || (x <= 0 && x === floor(x))) return Infinity;
  if (x === 1 || x === 2) return 0;
  if (size < 1e-20) return -log(size);
  const [upper, lower] = LANCZOS.map((series) => size < 5
    ? series.reduceRight((sum, a) => sum * size + a, 0)
    : series.reduce((sum, a) => sum / size + a, 0));
  const out =
    rounded_log(upper / lower) - g + (size - 0.5) * (rounded_log(size + g - 0.5) - 1);
  return x > 0 ? out : 1.1447298858494002 - log(fabs(sinpi(size))) - log(size) - out;
}

const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

// The sum, rounded once but for its last bit (Shewchuk, 1997).
function fsum(terms) {
  const parts = [];
  for (let x of terms) {
    let n = 0;
    for (let y of parts) {
      if (fabs(x) < fabs(y)) [x, y] = [y, x];
      const high = x + y, low = y - (high - x);
      if (low) parts[n++] = low;
      x = high;
    }
    parts.length = n;
    parts.push(x);
  }
  return parts.reduceRight((sum, x) => sum + x, 0);
}

// high * (high - 1) * ... * (low + 1), rounded once.
function falling(high, low) {
  let out = 1n;
  for (let k = high; k > low; k--) out *= BigInt(k);
  return Number(out);
}

function polygamma(order, x) {
  const n = Math.trunc(order);
  if (x !== x || x === -Infinity) return NaN;
  if (x === 0) return n % 2 ? Infinity : copysign(Infinity, -x);
  if (x < 0 && x === floor(x)) return n % 2 ? Infinity : NaN;
  if (x === Infinity) return n === 0 ? Infinity : 0;
  if (x < 0 && n < 2) {
    const angle = Math.PI * (x - round_even(x));
    if (n === 0) return polygamma(0, 1 - x) - Math.PI / tan(angle);
    return power(Math.PI / sin(angle), 2) - polygamma(1, 1 - x);
  }
  if (n > 100 || x < -1e4) return NaN;
  const sign = n % 2 ? 1 : -1, factorial = falling(n, 0), steps = [];
  for (; x < 20 + n; x++) steps.push(power(x, -n - 1));
  const near = sign * factorial * fsum(steps);
  let far = n === 0 ? -log(x) : 0 + factorial / n * power(x, -n);
  far += factorial / 2 * power(x, -n - 1);
  BERNOULLI.forEach((bernoulli, i) => {
    const k = 2 * (i + 1);
    far += bernoulli * (n ? falling(k + n - 1, k) : 1 / k) * power(x, -k - n);
  });
  return near + sign * far;
}

function norm_kernel(D, Q, e, n, c, P) {
  let largest = 0, out = 0;
  for (let k = 0; k < n; k++) {
    const size = fabs(D[Q[e + k]]);
    if (size > largest || size !== size) largest = size;
  }
  if (largest === 0 || largest - largest !== 0) out = largest;
  else {
    const scale = 1e-140 < largest && largest < 1e140 ? 1 : largest;
    for (let k = 0; k < n; k++) { const x = D[Q[e + k]] / scale; out += x * x; }
    out = scale * sqrt(out);
  }
  for (let k = 0; k < n; k++) P[e + k] = out <= 0 ? 0 : D[Q[e + k]] / out;
  return out;
}

function logsumexp_kernel(D, Q, e, n, c, P) {
  let largest = -Infinity, first = 0, others = 0;
  for (let k = 0; k < n; k++) {
    const x = D[Q[e + k]];
    if (x > largest || x !== x) [largest, first] = [x, k];
  }
  const finite = largest - largest === 0;
  for (let k = 0; finite && k < n; k++) if (k !== first) others += exp(D[Q[e + k]] - largest);
  const [shift, out] = finite ? [largest, log1p(others)] : [0, largest];
  for (let k = 0; k < n; k++) P[e + k] = exp(D[Q[e + k]] - shift - out);
  return shift + out;
}
