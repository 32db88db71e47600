// How many primes there are below n, by the sieve of Eratosthenes: loads and stores of bytes, and integer loops.
export function run(n: i32): i32 {
  const composite = new Uint8Array(n);
  let primes = 0;
  for (let i = 2; i < n; i++) {
    if (composite[i]) continue;
    primes++;
    for (let multiple: i64 = <i64>i * i; multiple < n; multiple += i) composite[<i32>multiple] = 1;
  }
  return primes;
}
