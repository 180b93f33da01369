// The page checks itself: it repeats what Python computed, from the same seeds and numbers.

const largestGap = (found, wanted) => {
  if (found.length !== wanted.length) return Infinity;
  // A NaN must not pass for a small gap.
  return found.reduce((worst, x, i) => {
    const gap = Math.abs(x - wanted[i]);
    return gap <= worst ? worst : Number.isNaN(gap) ? Infinity : gap;
  }, 0);
};

const flat = (lists) => lists.flatMap((list) => [...list]);

// The chains of the check, from numbers that Python handed over.
const handedNumbers = ({ count, starts, angles, uniforms, turns }, { qubits, steps }) => {
  const [allAngles, all, allTurns] = [unpack(angles), unpack(uniforms), unpack(turns)];
  const [each, size] = [3 * qubits + 1, allTurns.length / count];
  return starts.map((start, i) => ({
    start,
    angles: allAngles.subarray(i * each, (i + 1) * each),
    numbers: Array.from({ length: steps }, (_, t) => all[t * count + i]),
    turn: allTurns.subarray(i * size, (i + 1) * size),
  }));
};

// States in the order of Python: step after step, and in each the chains.
const chainStates = (model, chains) => {
  const runs = chains.map((drawn) => runChain(model, drawn, Array(model.steps).fill(null)));
  return runs[0].flatMap((_, step) => runs.map((moments) => moments[step].state));
};

const interleaved = ({ re, im }) => [...re].flatMap((x, i) => [x, im[i]]);

const asNumbers = (chains) =>
  chains.flatMap(({ start, angles, numbers }) => [start, ...angles, ...numbers]);

const checkChains = (model) => {
  const { check } = model;
  const handed = handedNumbers(check, model);
  const drawn = drawNumbers(check.seed, check.count, model);
  const states = chainStates(model, handed);
  const parts = states.map(entanglement);
  const images = states.slice(-check.count).map((state) => decode(model, state));
  return {
    draws: largestGap(asNumbers(drawn), asNumbers(handed)),
    turns: largestGap(flat(drawn.map(({ turn }) => turn)), unpack(check.turns)),
    states: largestGap(states.flatMap(interleaved), unpack(check.states)),
    entropies: largestGap(flat(parts.map((part) => part.single)), unpack(check.entropies)),
    mutual: largestGap(flat(parts.flatMap((part) => part.mutual)), unpack(check.mutual)),
    wigner: largestGap(flat(states.map(wigner)), unpack(check.wigner)),
    images: largestGap(flat(images), unpack(check.images)),
  };
};

const checkBaseline = (baseline) => {
  const { seed, count, latents, images } = baseline.check;
  const drawn = generator(seed, "sample").normals(count * baseline.latent);
  return {
    latents: largestGap(drawn, unpack(latents)),
    baselineImages: largestGap(flat(sampleBaseline(baseline, seed, count)), unpack(images)),
  };
};

// The largest difference of each kind of number; entropies of float32 are less precise.
const selfCheck = (model) => ({ ...checkChains(model), ...checkBaseline(model.baseline) });

const TOLERANCE = 1e-4;
const checkPasses = (gaps) => Object.values(gaps).every((gap) => gap <= TOLERANCE);
