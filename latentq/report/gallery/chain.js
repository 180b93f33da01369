// The chain: the start is scrambled, then every step's ancillas are measured.

// The matrices K_m of all steps: kraus[t][m] takes a state of S_(t+1) to a branch of S_t.
const unpackKraus = ({ steps, outcomes, qubits, kraus }) => {
  const all = unpack(kraus);
  const size = 2 * 4 ** qubits;
  const cut = (place) => all.subarray(place * size, (place + 1) * size);
  return Array.from({ length: steps }, (_, t) =>
    Array.from({ length: outcomes }, (_, m) => cut(t * outcomes + m)),
  );
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

// Numbers for chains from a seed, in the order in which LatentQ draws them.
const drawNumbers = (seed, count, { qubits, steps, classes }) => {
  const random = generator(seed, "sample");
  const each = (draw) => Array.from({ length: count }, draw);
  const drawn = each(() => random.below(2 ** qubits));
  // A conditional model takes the class as its start, from a stream of its own.
  const labels = generator(seed, "labels");
  const starts = classes ? each(() => labels.below(classes)) : drawn;
  const angles = each(() => random.uniforms(3 * qubits + 1));
  const rows = Array.from({ length: steps }, () => random.uniforms(count));
  return starts.map((start, i) => ({
    start,
    angles: angles[i],
    numbers: rows.map((row) => row[i]),
  }));
};

// Runs one chain: the states of S_T to S_0, and the measurement before each but the first.
// A choice is an outcome that is forced, or null for the one that the number decides.
const runChain = (model, { start, angles, numbers }, choices) => {
  const moments = [{ state: scramble(start, angles, model), history: "", weight: 1 }];
  choices.forEach((choice, done) => {
    const last = moments[done];
    const result = measure(model.matrices[model.steps - 1 - done], last.state);
    const outcome = choice ?? bornOutcome(result.probabilities, numbers[done]);
    moments.push({
      state: collapse(result, outcome),
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

// All series of outcomes of a start, each with its state and its probability.
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
