// Numbers: packed arrays, and the random numbers that torch draws for the same seed.

// Each number is a float32 of which the last bytes may have been rounded away.
const unpack = (text, bytes = 4) => {
  const packed = atob(text);
  const words = new Uint32Array(packed.length / bytes);
  for (let i = 0, place = 0; i < words.length; i++) {
    for (let shift = 32 - 8 * bytes; shift < 32; shift += 8) {
      words[i] |= packed.charCodeAt(place++) << shift;
    }
  }
  return new Float32Array(words.buffer);
};

const isPrime = (n) => {
  for (let k = 2; k * k <= n; k++) if (n % k === 0) return false;
  return true;
};

const primes = (count) => {
  const found = [];
  for (let n = 2; found.length < count; n++) if (isPrime(n)) found.push(n);
  return found;
};

// The first 32 bits after the point, as SHA-256 takes them from roots of primes.
const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) >>> 0;
const SHA_START = primes(8).map((p) => fraction(Math.sqrt(p)));
const SHA_ROUNDS = primes(64).map((p) => fraction(Math.cbrt(p)));

const rotate = (x, n) => (x >>> n) | (x << (32 - n));

// A text of at most 55 characters fits into one block of 16 words, its length in bits at the end.
const shaBlock = (text) => {
  const block = new Uint32Array(64);
  [...`${text}\u0080`].forEach((c, i) => {
    block[i >> 2] |= c.charCodeAt(0) << (24 - 8 * (i % 4));
  });
  block[15] = 8 * text.length;
  for (let i = 16; i < 64; i++) {
    const [a, b] = [block[i - 15], block[i - 2]];
    const low = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const high = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    block[i] = block[i - 16] + low + block[i - 7] + high;
  }
  return block;
};

// SHA-256 of a short text, as eight words (FIPS 180-4).
const sha256 = (text) => {
  const block = shaBlock(text);
  let [a, b, c, d, e, f, g, h] = SHA_START;
  for (let i = 0; i < 64; i++) {
    const mixed = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = (h + mixed + ((e & f) ^ (~e & g)) + SHA_ROUNDS[i] + block[i]) | 0;
    const turned = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const second = (turned + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  return [a, b, c, d, e, f, g, h].map((word, i) => (word + SHA_START[i]) >>> 0);
};

// latentq.randomness.derive_seed, of which torch's generator uses the last 32 bits.
const deriveSeed = (seed, purpose) => {
  const [high, low] = sha256(`${seed}/${purpose}`);
  return ((high << 31) | (low >>> 1)) >>> 0;
};

const TWISTER = { size: 624, shift: 397, matrix: 0x9908b0df, multiplier: 1812433253 };

const twisterState = (seed) => {
  const state = new Uint32Array(TWISTER.size);
  state[0] = seed;
  for (let i = 1; i < state.length; i++) {
    const last = state[i - 1] ^ (state[i - 1] >>> 30);
    state[i] = Math.imul(TWISTER.multiplier, last) + i;
  }
  return state;
};

const twist = (state) => {
  const { size, shift, matrix } = TWISTER;
  for (let i = 0; i < size; i++) {
    const y = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff);
    state[i] = state[(i + shift) % size] ^ (y >>> 1) ^ (y & 1 ? matrix : 0);
  }
};

// The Mersenne twister MT19937 (Matsumoto and Nishimura, 1998), as torch uses it on a CPU.
const twister = (seed) => {
  const state = twisterState(seed);
  let place = TWISTER.size;
  return () => {
    if (place === TWISTER.size) {
      twist(state);
      place = 0;
    }
    let y = state[place++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
};

// What torch.randint, torch.rand and torch.randn draw from a generator, in float32.
const generator = (seed, purpose) => {
  const next = twister(deriveSeed(seed, purpose));
  const uniform = () => (next() & 0xffffff) / 2 ** 24;
  return {
    below: (limit) => next() % limit,
    uniforms: (count) => Float64Array.from({ length: count }, uniform),
    normals: (count) => boxMuller(Float64Array.from({ length: count }, uniform)),
  };
};

// torch pairs the two halves of each block of 16 numbers; their number is a multiple of 16.
const boxMuller = (values) => {
  for (let first = 0; first < values.length; first += 16) {
    for (let i = first; i < first + 8; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - values[i]));
      const angle = 2 * Math.PI * values[i + 8];
      values[i] = radius * Math.cos(angle);
      values[i + 8] = radius * Math.sin(angle);
    }
  }
  return values;
};
