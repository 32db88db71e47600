// The sun and its four large planets for n steps of 0.01 years, after the Computer Language Benchmarks Game: arithmetic of
// 64-bit floating-point numbers. Returns the energy of the system.
const solarMass: f64 = 4 * Math.PI * Math.PI;
const daysPerYear: f64 = 365.24;

class Body {
  constructor(
    public x: f64,
    public y: f64,
    public z: f64,
    public vx: f64,
    public vy: f64,
    public vz: f64,
    public mass: f64,
  ) {}
}

function planet(x: f64, y: f64, z: f64, vx: f64, vy: f64, vz: f64, mass: f64): Body {
  return new Body(x, y, z, vx * daysPerYear, vy * daysPerYear, vz * daysPerYear, mass * solarMass);
}

function solarSystem(): StaticArray<Body> {
  const sun = new Body(0, 0, 0, 0, 0, 0, solarMass);
  const bodies: StaticArray<Body> = [
    sun,
    planet(4.84143144246472090e0, -1.16032004402742839e0, -1.03622044471123109e-1, 1.66007664274403694e-3, 7.69901118419740425e-3, -6.90460016972063023e-5, 9.54791938424326609e-4),
    planet(8.34336671824457987e0, 4.12479856412430479e0, -4.03523417114321381e-1, -2.76742510726411899e-3, 4.99852801234917238e-3, 2.30417297573763929e-5, 2.85885980666130812e-4),
    planet(1.28943695621391310e1, -1.51111514016986312e1, -2.23307578892655734e-1, 2.96460137564761618e-3, 2.37847173959480950e-3, -2.96589568540237556e-5, 4.36624404335156298e-5),
    planet(1.53796971148509165e1, -2.59193146099879641e1, 1.79258772950371181e-1, 2.68067772490389322e-3, 1.62824170038242295e-3, -9.51592254519715870e-5, 5.15138902046611451e-5),
  ];
  for (let i = 0; i < bodies.length; i++) {
    const body = bodies[i];
    sun.vx -= (body.vx * body.mass) / solarMass;
    sun.vy -= (body.vy * body.mass) / solarMass;
    sun.vz -= (body.vz * body.mass) / solarMass;
  }
  return bodies;
}

function advance(bodies: StaticArray<Body>, years: f64): void {
  for (let i = 0; i < bodies.length; i++) {
    const a = bodies[i];
    for (let j = i + 1; j < bodies.length; j++) {
      const b = bodies[j];
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      const squared = dx * dx + dy * dy + dz * dz;
      const magnitude = years / (squared * Math.sqrt(squared));
      a.vx -= dx * b.mass * magnitude;
      a.vy -= dy * b.mass * magnitude;
      a.vz -= dz * b.mass * magnitude;
      b.vx += dx * a.mass * magnitude;
      b.vy += dy * a.mass * magnitude;
      b.vz += dz * a.mass * magnitude;
    }
  }
  for (let i = 0; i < bodies.length; i++) {
    const body = bodies[i];
    body.x += years * body.vx;
    body.y += years * body.vy;
    body.z += years * body.vz;
  }
}

function energy(bodies: StaticArray<Body>): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < bodies.length; i++) {
    const a = bodies[i];
    sum += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
    for (let j = i + 1; j < bodies.length; j++) {
      const b = bodies[j];
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      sum -= (a.mass * b.mass) / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return sum;
}

export function run(n: i32): f64 {
  const bodies = solarSystem();
  for (let i = 0; i < n; i++) advance(bodies, 0.01);
  return energy(bodies);
}
