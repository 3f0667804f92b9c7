const ROUNDS = 200;
const PRECISION = 1e-12;

/**
 * The value that a chi-square variable of `degrees` (a whole number, 1 or more) exceeds with probability `tail`
 * (between 0 and 1).
 */
export function chiSquareQuantile(tail: number, degrees: number): number {
  let low = 0;
  let high = degrees + 10;
  while (chiSquareTail(high, degrees) > tail) high *= 2;
  for (let round = 0; round < ROUNDS && high - low > PRECISION * high; round++) {
    const middle = (low + high) / 2;
    if (chiSquareTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X > x) of a chi-square variable: the regularized upper incomplete gamma function Q(degrees / 2, x / 2). */
export function chiSquareTail(x: number, degrees: number): number {
  if (x <= 0) return 1;
  const a = degrees / 2;
  const z = x / 2;
  const scale = Math.exp(a * Math.log(z) - z - logGammaOfHalves(degrees));
  // Abramowitz and Stegun 6.5.29 converges fast below the mean, 6.5.31 above it.
  return z < a + 1 ? 1 - scale * seriesOfLower(a, z) : scale * fractionOfUpper(a, z);
}

/** ln Gamma(n / 2), from Gamma(1/2) = sqrt(pi), Gamma(1) = 1 and Gamma(a + 1) = a Gamma(a). */
function logGammaOfHalves(n: number): number {
  let sum = n % 2 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let a = n % 2 === 0 ? 1 : 0.5; a < n / 2; a++) sum += Math.log(a);
  return sum;
}

function seriesOfLower(a: number, z: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-16; n++) {
    term *= z / (a + n);
    sum += term;
  }
  return sum;
}

/** 1/(z+1-a- 1(1-a)/(z+3-a- 2(2-a)/(z+5-a- ...))), from the front by Lentz's method. */
function fractionOfUpper(a: number, z: number): number {
  let b = z + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < 10_000; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    const step = c * d;
    value *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return value;
}
