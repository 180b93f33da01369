// Linear algebra of qubits. A state is { re, im }, two arrays of 2^n numbers.
// Qubit 0 is the most significant bit of the index of an amplitude, as in LatentQ.

const countQubits = (state) => Math.round(Math.log2(state.re.length));

const basisState = (index, dimension) => {
  const state = { re: new Float64Array(dimension), im: new Float64Array(dimension) };
  state.re[index] = 1;
  return state;
};

const squaredNorm = ({ re, im }) => re.reduce((sum, x, i) => sum + x * x + im[i] * im[i], 0);

const scaled = ({ re, im }, factor) => ({
  re: re.map((x) => x * factor),
  im: im.map((x) => x * factor),
});

// Multiplies by a complex matrix, whose reals and imaginaries take turns, row after row.
const multiply = (matrix, { re, im }) => {
  const size = re.length;
  const result = { re: new Float64Array(size), im: new Float64Array(size) };
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const place = 2 * (row * size + column);
      const [a, b] = [matrix[place], matrix[place + 1]];
      result.re[row] += a * re[column] - b * im[column];
      result.im[row] += a * im[column] + b * re[column];
    }
  }
  return result;
};

// Solves A x = b by elimination with the largest pivot; A as for `multiply`.
const solve = (matrix, { re, im }) => {
  const size = re.length;
  const rows = Array.from({ length: size }, (_, i) => ({
    re: Float64Array.from({ length: size + 1 }, (_, j) => (j < size ? matrix[2 * (i * size + j)] : re[i])),
    im: Float64Array.from({ length: size + 1 }, (_, j) => (j < size ? matrix[2 * (i * size + j) + 1] : im[i])),
  }));
  for (let k = 0; k < size; k++) {
    const norm = (row) => row.re[k] ** 2 + row.im[k] ** 2;
    let best = k;
    for (let i = k + 1; i < size; i++) if (norm(rows[i]) > norm(rows[best])) best = i;
    [rows[k], rows[best]] = [rows[best], rows[k]];
    const [pivot, scale] = [rows[k], norm(rows[k])];
    for (const row of rows) {
      if (row === pivot) continue;
      const a = (row.re[k] * pivot.re[k] + row.im[k] * pivot.im[k]) / scale;
      const b = (row.im[k] * pivot.re[k] - row.re[k] * pivot.im[k]) / scale;
      for (let j = k; j <= size; j++) {
        row.re[j] -= a * pivot.re[j] - b * pivot.im[j];
        row.im[j] -= a * pivot.im[j] + b * pivot.re[j];
      }
    }
  }
  const result = { re: new Float64Array(size), im: new Float64Array(size) };
  rows.forEach((row, k) => {
    const scale = row.re[k] ** 2 + row.im[k] ** 2;
    result.re[k] = (row.re[size] * row.re[k] + row.im[size] * row.im[k]) / scale;
    result.im[k] = (row.im[size] * row.re[k] - row.re[size] * row.im[k]) / scale;
  });
  return result;
};

// Applies a 2 x 2 matrix [a, b, c, d], each [real, imaginary], to one qubit, in place.
const applyGate = ({ re, im }, qubit, [a, b, c, d]) => {
  const stride = re.length >> (qubit + 1);
  for (let low = 0; low < re.length; low++) {
    if (low & stride) continue;
    const high = low + stride;
    const [x, y, u, v] = [re[low], im[low], re[high], im[high]];
    re[low] = a[0] * x - a[1] * y + b[0] * u - b[1] * v;
    im[low] = a[0] * y + a[1] * x + b[0] * v + b[1] * u;
    re[high] = c[0] * x - c[1] * y + d[0] * u - d[1] * v;
    im[high] = c[0] * y + c[1] * x + d[0] * v + d[1] * u;
  }
};

// An entry of |psi><psi|, as [real, imaginary].
const densityEntry = ({ re, im }, row, column) => [
  re[row] * re[column] + im[row] * im[column],
  im[row] * re[column] - re[row] * im[column],
];

// The bits that some qubits of an index have, first qubit first.
const bitsAt = (index, qubits, count) =>
  qubits.reduce((bits, q) => 2 * bits + ((index >> (count - 1 - q)) & 1), 0);

// The density matrix of some qubits, as two square arrays of rows.
const partialTrace = (state, keep) => {
  const [count, size] = [countQubits(state), 2 ** keep.length];
  const rest = Array.from({ length: count }, (_, q) => q).filter((q) => !keep.includes(q));
  const zeros = () => Array.from({ length: size }, () => new Float64Array(size));
  const rho = { re: zeros(), im: zeros() };
  for (let i = 0; i < state.re.length; i++) {
    for (let j = 0; j < state.re.length; j++) {
      if (bitsAt(i, rest, count) !== bitsAt(j, rest, count)) continue;
      const [real, imaginary] = densityEntry(state, i, j);
      const [row, column] = [bitsAt(i, keep, count), bitsAt(j, keep, count)];
      rho.re[row][column] += real;
      rho.im[row][column] += imaginary;
    }
  }
  return rho;
};

// The real symmetric matrix [[A, -B], [B, A]], which has each eigenvalue of A + iB twice.
const asReal = ({ re, im }) => [
  ...re.map((row, i) => [...row, ...im[i].map((x) => -x)]),
  ...re.map((row, i) => [...im[i], ...row]),
];

// Turns rows and columns p and q so that the entry between them becomes zero.
const jacobiTurn = (m, p, q) => {
  if (Math.abs(m[p][q]) < 1e-15) return;
  const angle = 0.5 * Math.atan2(2 * m[p][q], m[q][q] - m[p][p]);
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  for (const row of m) {
    const x = row[p];
    row[p] = c * x - s * row[q];
    row[q] = s * x + c * row[q];
  }
  for (let k = 0; k < m.length; k++) {
    const x = m[p][k];
    m[p][k] = c * x - s * m[q][k];
    m[q][k] = s * x + c * m[q][k];
  }
};

// The eigenvalues of a real symmetric matrix, by Jacobi's rotations.
const eigenvalues = (matrix) => {
  const m = matrix.map((row) => [...row]);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < m.length; p++) {
      for (let q = p + 1; q < m.length; q++) jacobiTurn(m, p, q);
    }
  }
  return m.map((row, i) => row[i]);
};

// The von Neumann entropy in bits of some qubits of a pure state.
const entropy = (state, keep) => {
  const values = eigenvalues(asReal(partialTrace(state, keep)));
  return -values.reduce((sum, x) => sum + (x > 1e-15 ? x * Math.log2(x) : 0), 0) / 2;
};

// The entropy S_i of each qubit, and the mutual information S_i + S_j - S_ij of each pair.
const entanglement = (state) => {
  const qubits = Array.from({ length: countQubits(state) }, (_, q) => q);
  const single = qubits.map((q) => entropy(state, [q]));
  const shared = (i, j) => Math.max(0, single[i] + single[j] - entropy(state, [i, j]));
  const mutual = qubits.map(() => new Float64Array(qubits.length));
  for (const i of qubits) {
    for (const j of qubits.slice(i + 1)) mutual[i][j] = mutual[j][i] = shared(i, j);
  }
  return { single, mutual };
};

// The kernel (1 + (-1)^q Z + (-1)^p X + (-1)^(q+p) Y) / 2 of a cell of one qubit.
const wignerKernel = (q, p) => {
  const [z, x, y] = [(-1) ** q, (-1) ** p, (-1) ** (q + p)];
  return [[(1 + z) / 2, 0], [x / 2, -y / 2], [x / 2, y / 2], [(1 - z) / 2, 0]];
};

// The discrete Wigner function, row after row: bits q of a row, bits p of a column.
const wigner = (state) => {
  const [size, count] = [state.re.length, countQubits(state)];
  const cells = new Float64Array(size * size);
  for (let cell = 0; cell < cells.length; cell++) {
    const turned = { re: state.re.slice(), im: state.im.slice() };
    const [q, p] = [Math.floor(cell / size), cell % size];
    for (let k = 0; k < count; k++) {
      applyGate(turned, k, wignerKernel(bitsAt(q, [k], count), bitsAt(p, [k], count)));
    }
    const overlap = (sum, x, i) => sum + x * turned.re[i] + state.im[i] * turned.im[i];
    cells[cell] = state.re.reduce(overlap, 0) / size;
  }
  return cells;
};
