// The chain: the start is scrambled, then every step's ancillas are measured.

// The matrices K_m of all steps: kraus[t][m] takes a state of S_(t+1) to a branch of S_t.
const unpackKraus = ({ outcomes, qubits, kraus }) => {
  const all = unpack(kraus);
  const size = 2 * 4 ** qubits;
  let place = 0;
  const next = () => all.subarray(place++ * size, place * size);
  return outcomes.map((count) => Array.from({ length: count }, next));
};

const rotationZ = (t) => [
  [Math.cos(t / 2), -Math.sin(t / 2)], [0, 0], [0, 0], [Math.cos(t / 2), Math.sin(t / 2)],
];

const rotationY = (t) => [
  [Math.cos(t / 2), 0], [-Math.sin(t / 2), 0], [Math.sin(t / 2), 0], [Math.cos(t / 2), 0],
];

// R_ZZ with one angle on all pairs: their signs z_i z_j add up to ((sum of z)^2 - n) / 2.
const applyPairs = (state, angle) => {
  const count = countQubits(state);
  for (let i = 0; i < state.re.length; i++) {
    let z = count;
    for (let bits = i; bits; bits >>= 1) z -= 2 * (bits & 1);
    const phase = (-angle / 2) * ((z * z - count) / 2);
    const [c, s, x, y] = [Math.cos(phase), Math.sin(phase), state.re[i], state.im[i]];
    state.re[i] = c * x - s * y;
    state.im[i] = c * y + s * x;
  }
};

// A state of the terminal ensemble: a basis state, scrambled once.
// The numbers in [0, 1) are those of R_Z, R_Y, R_Z on each qubit, and the one that pairs share.
const scramble = (start, numbers, { qubits, strength }) => {
  const state = basisState(start, 2 ** qubits);
  [rotationZ, rotationY, rotationZ].forEach((rotation, column) => {
    for (let q = 0; q < qubits; q++) {
      const number = numbers[column * qubits + q];
      applyGate(state, q, rotation((2 * number - 1) * (Math.PI / 8) * strength));
    }
  });
  const shared = numbers[3 * qubits];
  applyPairs(state, ((0.4 + 0.2 * shared) / (2 * Math.sqrt(qubits))) * strength);
  return state;
};

// The branches K_m psi of a step, and their probabilities by the Born rule.
const measure = (matrices, state) => {
  const branches = matrices.map((matrix) => multiply(matrix, state));
  const weights = branches.map(squaredNorm);
  const total = weights.reduce((sum, p) => sum + p, 0);
  return { branches, probabilities: weights.map((p) => p / total) };
};

// The outcome in whose part of [0, 1) a number lies.
const bornOutcome = (probabilities, number) => {
  let [outcome, bound] = [0, probabilities[0]];
  while (outcome < probabilities.length - 1 && bound <= number) {
    bound += probabilities[++outcome];
  }
  return outcome;
};

const collapse = ({ branches }, outcome) =>
  scaled(branches[outcome], 1 / Math.sqrt(squaredNorm(branches[outcome])));

// Turns a state by the Cayley transform of i s H / 2, H = (G + G^dagger) / sqrt(2 d): the spread.
// The entries of G are complex normal numbers, reals and imaginaries in turns.
const turnState = (normals, spread, { re, im }) => {
  const size = re.length;
  const half = new Float64Array(2 * size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [here, there] = [2 * (row * size + column), 2 * (column * size + row)];
      const factor = spread / (2 * Math.sqrt(2 * size));
      half[here] = -factor * (normals[here + 1] - normals[there + 1]);
      half[here + 1] = factor * (normals[here] + normals[there]);
    }
  }
  const moved = multiply(half, { re, im });
  const right = { re: re.map((x, i) => x + moved.re[i]), im: im.map((x, i) => x + moved.im[i]) };
  const left = half.map((x, i) => (i % (2 * size + 2) === 0 ? 1 : 0) - x);
  return solve(left, right);
};

// Numbers for chains from a seed, in the order in which LatentQ draws them.
const drawNumbers = (seed, count, { qubits, steps, classes, spread }) => {
  const random = generator(seed, "sample");
  const each = (draw) => Array.from({ length: count }, draw);
  const drawn = each(() => random.below(2 ** qubits));
  // A conditional model takes the class as its start, from a stream of its own.
  const labels = generator(seed, "labels");
  const starts = classes ? each(() => labels.below(classes)) : drawn;
  const angles = each(() => random.uniforms(3 * qubits + 1));
  const rows = Array.from({ length: steps }, () => random.uniforms(count));
  const size = spread ? 2 * 4 ** qubits : 0;
  const turns = random.normals(count * size).map((x) => x / Math.SQRT2);
  return starts.map((start, i) => ({
    start,
    angles: angles[i],
    numbers: rows.map((row) => row[i]),
    turn: turns.subarray(i * size, (i + 1) * size),
  }));
};

// Runs one chain: the states of S_T to S_0, and the measurement before each but the first.
// A choice is an outcome that is forced, or null for the one that the number decides. What the last
// measurement leaves is turned, if the model has a spread.
const runChain = (model, { start, angles, numbers, turn }, choices) => {
  const moments = [{ state: scramble(start, angles, model), history: "", weight: 1 }];
  choices.forEach((choice, done) => {
    const last = moments[done];
    const result = measure(model.matrices[model.steps - 1 - done], last.state);
    const outcome = choice ?? bornOutcome(result.probabilities, numbers[done]);
    const left = collapse(result, outcome);
    const turns = done === model.steps - 1 && model.spread > 0;
    moments.push({
      state: turns ? turnState(turn, model.spread, left) : left,
      probabilities: result.probabilities,
      number: numbers[done],
      outcome,
      forced: choice !== null,
      history: last.history + outcome,
      weight: last.weight * result.probabilities[outcome],
    });
  });
  return moments;
};

const sampleState = (model, drawn) =>
  runChain(model, drawn, Array(model.steps).fill(null))[model.steps].state;

// Outcomes less probable than this leave no state that numbers of 32 bits could tell.
const LEAST = 1e-6;

// All series of outcomes of a start, each with its state before the turn and its probability.
const allEndings = (model, { start, angles }) => {
  let found = [{ state: scramble(start, angles, model), history: "", weight: 1 }];
  for (let t = model.steps - 1; t >= 0; t--) {
    found = found.flatMap(({ state, history, weight }) => {
      const result = measure(model.matrices[t], state);
      return result.probabilities.flatMap((p, outcome) =>
        p < LEAST ? [] : [{
          state: collapse(result, outcome),
          history: history + outcome,
          weight: weight * p,
        }],
      );
    });
  }
  return found;
};
